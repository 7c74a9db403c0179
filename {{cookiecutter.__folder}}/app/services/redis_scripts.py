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

# KEYS: name. ARGV: limit, milliseconds. By the clock of Redis: those of processes differ. It may
# go back when a replica takes over: the window then begins at that moment.
COUNT = """
local time = redis.call('TIME')
local now, per = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'start', 'previous', 'current')
local start, previous, current = tonumber(kept[1]) or now, 0, 0
if now >= start + 2 * per then
    start = now
elseif now >= start + per then
    start, previous = start + per, tonumber(kept[3])
elseif kept[1] then
    previous, current = tonumber(kept[2]), tonumber(kept[3])
end
if start > now then
    start = now
    redis.call('HSET', KEYS[1], 'start', start)
end
local elapsed = (now - start) / per
local accepted = previous * (1 - elapsed) + current < tonumber(ARGV[1])
if accepted then
    redis.call('HSET', KEYS[1], 'start', start, 'previous', previous, 'current', current + 1)
    redis.call('PEXPIRE', KEYS[1], 2 * per)
end
return {accepted and 1 or 0, previous, current, tostring(elapsed)}
"""
