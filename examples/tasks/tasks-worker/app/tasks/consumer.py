"""What others ask of this service over the broker, each with its answer."""

from app.domain import events, service
from app.domain.events import Computation, Computations, Task, TaskPage
from app.domain.parameters import PARAMETERS
from app.resources import Resources
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.answer(events.CreateTask)
async def create_task(request: events.CreateTask, uow: UnitOfWork) -> Task:
    """Store a task."""
    task = await service.create_task(uow, request.kind, request.parameters, key=request.key)
    return Task.model_validate(task)


@consumer.answer(events.StartTask)
async def start_task(request: events.StartTask, uow: UnitOfWork, resources: Resources) -> Task:
    """Have a task run."""
    task = await service.start_task(uow, request.number)
    uow.after_commit(resources.tell)
    return Task.model_validate(task)


@consumer.answer(events.CancelTask)
async def cancel_task(request: events.CancelTask, uow: UnitOfWork) -> Task:
    """Stop a task for good."""
    return Task.model_validate(await service.cancel_task(uow, request.number))


@consumer.answer(events.GetTask)
async def get_task(request: events.GetTask, uow: UnitOfWork) -> Task:
    """Return a task."""
    return Task.model_validate(await service.get_task(uow, request.number))


@consumer.answer(events.ListTasks)
async def list_tasks(request: events.ListTasks, uow: UnitOfWork) -> TaskPage:
    """Return a page of the tasks."""
    return TaskPage.model_validate(await service.list_tasks(uow, **request.model_dump()))


@consumer.answer(events.ListComputations)
async def list_computations(request: events.ListComputations) -> Computations:
    """Return what tasks can compute."""
    del request
    items = [
        Computation(kind=kind, purpose=form.__doc__ or "", parameters=form.model_json_schema())
        for kind, form in PARAMETERS.items()
    ]
    return Computations(items=items)
