"""What must happen on Redis in one step, as scripts that it runs (Lua)."""

# KEYS: value, lease. ARGV: data, milliseconds, token or nothing.
WRITE = """
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[3] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
"""

# KEYS: name. ARGV: token, milliseconds. Asked again over a new connection, it answers the same.
ACQUIRE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
"""

# KEYS: name. ARGV: token.
RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
"""

# KEYS: name. ARGV: limit, milliseconds. By the clock of Redis: those of processes differ.
COUNT = """
local time = redis.call('TIME')
local moment = (time[1] * 1000 + time[2] / 1000) / ARGV[2]
local number = math.floor(moment)
local elapsed = moment - number
local kept = redis.call('HMGET', KEYS[1], 'number', 'previous', 'current')
local previous, current = 0, 0
if tonumber(kept[1]) == number then
    previous, current = tonumber(kept[2]), tonumber(kept[3])
elseif tonumber(kept[1]) == number - 1 then
    previous = tonumber(kept[3])
end
local accepted = previous * (1 - elapsed) + current < tonumber(ARGV[1])
if accepted then
    redis.call('HSET', KEYS[1], 'number', number, 'previous', previous, 'current', current + 1)
    redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
end
return {accepted and 1 or 0, previous, current, tostring(elapsed)}
"""
