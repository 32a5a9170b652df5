"""What Redis does as a whole or not at all, in its language Lua. The keys are those of names.py.

The scripts make keys of what they read, so they need one Redis, not a cluster of several.
"""

_COMMON = """
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- Seconds until each living owner has told this start of Redis what it draws: what Redis knew before may be lost.
local function grace(lease)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local known = redis.call('GET', 'imagewire:run')
  local time = now()
  if not known or string.sub(known, 1, #run) ~= run then
    known = run .. ' ' .. string.format('%.3f', time)
    redis.call('SET', 'imagewire:run', known)
  end
  return math.max(0, tonumber(string.sub(known, #run + 2)) + lease - time)
end

-- A record stays for an hour longer than it counts, so that what sweeps finds it first.
local function expire(key, expires)
  redis.call('PEXPIREAT', key, string.format('%.0f', (expires + 3600) * 1000))
end

local function resize(name, size, expires)
  local before = tonumber(redis.call('HGET', 'imagewire:sizes', name) or '0')
  redis.call('HSET', 'imagewire:sizes', name, size)
  redis.call('ZADD', 'imagewire:ages', expires, name)
  return redis.call('INCRBY', 'imagewire:total', size - before)
end

-- Whether an answer's owner draws it now; also where Redis may have forgotten what the owner said.
local function is_drawn(id, lease)
  if redis.call('HGET', 'imagewire:c:' .. id, 'state') ~= 'running' then return false end
  return redis.call('EXISTS', 'imagewire:a:' .. id) == 1 or grace(lease) > 0
end

-- Forget all but an answer's own record.
local function empty(name)
  local images = 'imagewire:m:' .. name
  for _, image in ipairs(redis.call('SMEMBERS', images)) do
    local by_hash = redis.call('HGET', 'imagewire:i:' .. image, 'by_hash')
    if by_hash then redis.call('ZREM', by_hash, image) end
    redis.call('DEL', 'imagewire:i:' .. image)
  end
  redis.call('INCRBY', 'imagewire:total', 0 - tonumber(redis.call('HGET', 'imagewire:sizes', name) or '0'))
  redis.call('HDEL', 'imagewire:sizes', name)
  redis.call('ZREM', 'imagewire:ages', name)
  redis.call('DEL', images)
  local id = string.match(name, '^answers/(.+)$')
  if id then redis.call('DEL', 'imagewire:a:' .. id, 'imagewire:e:' .. id) end
end

-- The key of a request_id, where this answer has it.
local function request_of(id)
  local request = redis.call('HGET', 'imagewire:c:' .. id, 'request')
  if request and request ~= '' and redis.call('GET', request) == id then return request end
end

local function forget(name)
  empty(name)
  local id = string.match(name, '^answers/(.+)$')
  if not id then return end
  local request = request_of(id)
  if request then redis.call('DEL', request) end
  redis.call('DEL', 'imagewire:c:' .. id)
end

local function put(id, request, size, lease, expires, state, ...)
  -- It may have been prolonged.
  local before = redis.call('HGET', 'imagewire:c:' .. id, 'expires')
  if before and tonumber(before) > tonumber(expires) then expires = before end
  redis.call('HSET', 'imagewire:c:' .. id, 'request', request, 'expires', expires, 'state', state, ...)
  expire('imagewire:c:' .. id, tonumber(expires))
  if request ~= '' and redis.call('SET', request, id, 'NX') then expire(request, tonumber(expires)) end
  if state == 'running' then
    redis.call('SET', 'imagewire:a:' .. id, 1, 'PX', string.format('%.0f', lease * 1000))
  else
    redis.call('DEL', 'imagewire:a:' .. id)
  end
  if state == 'not kept' then redis.call('DEL', 'imagewire:e:' .. id) end
  return resize('answers/' .. id, size, expires)
end
"""

# id, request's key, size, lease, expires, state, and the record's other fields. Returns the bytes of all that is kept.
PUT = f"{_COMMON} return put(ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), unpack(ARGV, 5))"

# The same. Returns 'taken', or 'wait' and seconds, or 'known' and the record that has the request_id already.
CLAIM = f"""{_COMMON}
local wait = grace(tonumber(ARGV[4]))
if wait > 0 then return {{'wait', string.format('%.3f', wait)}} end
local known = redis.call('GET', ARGV[2])
if known and known ~= ARGV[1] then
  local fields = redis.call('HMGET', 'imagewire:c:' .. known, 'expires', 'state')
  -- What is being drawn may take longer than it is kept.
  local counts = fields[1] and tonumber(fields[1]) > now() and fields[2] ~= 'free'
  if counts or is_drawn(known, tonumber(ARGV[4])) then
    return {{'known', known, redis.call('HGETALL', 'imagewire:c:' .. known)}}
  end
  forget('answers/' .. known)
  redis.call('DEL', ARGV[2])
end
put(ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), unpack(ARGV, 5))
return {{'taken'}}
"""

# lease, and the ids of what the owner draws. Returns those whose record is lost.
BEAT = f"""{_COMMON}
grace(tonumber(ARGV[1]))
local lost = {{}}
for at = 2, #ARGV do
  if redis.call('EXISTS', 'imagewire:c:' .. ARGV[at]) == 0 then
    table.insert(lost, ARGV[at])
  else
    redis.call('SET', 'imagewire:a:' .. ARGV[at], 1, 'PX', string.format('%.0f', tonumber(ARGV[1]) * 1000))
  end
end
return lost
"""

# lease, id. Returns the state ('' where nothing is known), and whether somebody draws it.
STATUS = f"""{_COMMON}
local state = redis.call('HGET', 'imagewire:c:' .. ARGV[2], 'state') or ''
return {{state, is_drawn(ARGV[2], tonumber(ARGV[1])) and 1 or 0}}
"""

# lease, name, and why (database.py). 'unsent' and 'deleted' remove also what somebody draws; 'room' and 'deleted' leave
# a request_id taken whose answer may have been paid for; 'room' leaves an upload that still arrives. Returns whether
# the objects can go.
REMOVE = f"""{_COMMON}
local id = string.match(ARGV[2], '^answers/(.+)$')
local keeps_request = ARGV[3] == 'room' or ARGV[3] == 'deleted'
if id and ARGV[3] ~= 'unsent' and ARGV[3] ~= 'deleted' and is_drawn(id, tonumber(ARGV[1])) then return 0 end
-- What has ended has a lease as long as it is read by who had it drawn.
if id and ARGV[3] == 'room' and redis.call('EXISTS', 'imagewire:a:' .. id) == 1 then return 0 end
if not id and ARGV[3] == 'room' and redis.call('EXISTS', 'imagewire:m:' .. ARGV[2]) == 0 then return 0 end
if id and keeps_request and redis.call('HGET', 'imagewire:c:' .. id, 'state') ~= 'free' and request_of(id) then
  empty(ARGV[2])
  redis.call('HSET', 'imagewire:c:' .. id, 'state', 'not kept')
else
  forget(ARGV[2])
end
return 1
"""

# until, and the names of answers and uploads, which are kept at least until then.
PROLONG = f"""{_COMMON}
local till = tonumber(ARGV[1])
for at = 2, #ARGV do
  local age = redis.call('ZSCORE', 'imagewire:ages', ARGV[at])
  if age and tonumber(age) < till then
    redis.call('ZADD', 'imagewire:ages', ARGV[1], ARGV[at])
    local id = string.match(ARGV[at], '^answers/(.+)$')
    if id and redis.call('EXISTS', 'imagewire:c:' .. id) == 1 then
      redis.call('HSET', 'imagewire:c:' .. id, 'expires', ARGV[1])
      for _, one in ipairs({{'imagewire:c:' .. id, 'imagewire:e:' .. id, request_of(id)}}) do expire(one, till) end
    end
    local images = 'imagewire:m:' .. ARGV[at]
    for _, image in ipairs(redis.call('SMEMBERS', images)) do
      local key = 'imagewire:i:' .. image
      local by_hash = redis.call('HGET', key, 'by_hash')
      if by_hash then
        redis.call('HSET', key, 'expires', ARGV[1])
        redis.call('ZADD', by_hash, ARGV[1], image)
        for _, one in ipairs({{key, images, by_hash}}) do expire(one, till) end
      end
    end
  end
end
return 0
"""

# id, name it belongs to, expires, size of the upload or '', key by hash, and the record's other fields.
PUT_IMAGE = f"""{_COMMON}
local key = 'imagewire:i:' .. ARGV[1]
redis.call('HSET', key, 'name', ARGV[2], 'expires', ARGV[3], 'by_hash', ARGV[5], unpack(ARGV, 6))
redis.call('SADD', 'imagewire:m:' .. ARGV[2], ARGV[1])
local score = tonumber(ARGV[3])
if ARGV[4] ~= '' then
  -- An upload is found first: its bytes were checked a moment ago, and those of others may be damaged.
  local first = redis.call('ZREVRANGE', ARGV[5], 0, 0, 'WITHSCORES')
  if first[2] then score = math.max(score, tonumber(first[2]) + 0.001) end
end
redis.call('ZADD', ARGV[5], string.format('%.3f', score), ARGV[1])
for _, one in ipairs({{key, 'imagewire:m:' .. ARGV[2], ARGV[5]}}) do expire(one, tonumber(ARGV[3])) end
if ARGV[4] ~= '' then return resize(ARGV[2], tonumber(ARGV[4]), ARGV[3]) end
return 0
"""

# A secret, for the case that there is none. Returns the one that counts, and whether it was empty before.
AGREE = """
local found = redis.call('GET', 'imagewire:secret')
if found and found ~= '' then return {found, 0} end
redis.call('SET', 'imagewire:secret', ARGV[1])
return {ARGV[1], found and 1 or 0}
"""

# name, size, expires. Counts what has arrived of an upload. Returns the bytes of all that is kept.
COUNT = f"{_COMMON} return resize(ARGV[1], tonumber(ARGV[2]), ARGV[3])"
