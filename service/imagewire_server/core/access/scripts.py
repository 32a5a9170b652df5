"""What Redis does as a whole or not at all, in its language Lua, to count what callers use. Its own clock counts.

Keys, all under imagewire:callers:NAME: `calls` (each running call until when it is believed to run), `requests` and
`pictures` (each use of the last minute with its time), `spent:DAY` and `reserved:DAY` (billionths of a dollar; the
latter with the time of each reservation).
"""

# What is sent again, because a connection broke before the answer, has the same ident, and counts once.
_NOW = """
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local time = now()
local prefix = 'imagewire:callers:' .. ARGV[1] .. ':'
"""

# name, limit, ident, lease. Returns 1 where the call may run.
ENTER = f"""{_NOW}
local calls = prefix .. 'calls'
redis.call('ZREMRANGEBYSCORE', calls, '-inf', time)
if not redis.call('ZSCORE', calls, ARGV[3]) and redis.call('ZCARD', calls) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', calls, time + tonumber(ARGV[4]), ARGV[3])
redis.call('EXPIRE', calls, 3600)
return 1
"""

# name, ident, lease.
RENEW = f"""{_NOW}
redis.call('ZADD', prefix .. 'calls', time + tonumber(ARGV[3]), ARGV[2])
redis.call('EXPIRE', prefix .. 'calls', 3600)
"""

# name, ident.
LEAVE = f"{_NOW} redis.call('ZREM', prefix .. 'calls', ARGV[2])"

# name, kind, limit, ident, window, longest. Returns the seconds until there will be room, in whole milliseconds. If
# they are no more than the longest, it counts the use, as one of then.
ADMIT = f"""{_NOW}
local uses, limit, window, wait = prefix .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5]), 0
redis.call('ZREMRANGEBYSCORE', uses, '-inf', time - window)
local own, count = redis.call('ZSCORE', uses, ARGV[4]), redis.call('ZCARD', uses)
if own then
  wait = math.max(0, tonumber(own) - time)
elseif count >= limit then
  local oldest = redis.call('ZRANGE', uses, count - limit, count - limit, 'WITHSCORES')
  wait = math.max(1, math.ceil((tonumber(oldest[2]) + window - time) * 1000)) / 1000
end
if not own and wait <= tonumber(ARGV[6]) then
  redis.call('ZADD', uses, time + wait, ARGV[4])
  redis.call('EXPIRE', uses, 120)
  count = count + 1
end
return string.format('%.3f %d', wait, count)
"""

# name, kind, ident, age. The age, as of what follows, is in seconds: what is told late was then, and not now.
ADD = f"""{_NOW}
redis.call('ZADD', prefix .. ARGV[2], 'NX', time - tonumber(ARGV[4]), ARGV[3])
redis.call('EXPIRE', prefix .. ARGV[2], 120)
"""

# name, kind, ident.
GIVE_BACK = f"{_NOW} redis.call('ZREM', prefix .. ARGV[2], ARGV[3])"

# name, limit, amount, ident. Returns whether it is reserved, the day, the seconds until the next, and where it is not
# reserved, whether it would be without what running calls have reserved: none runs for an hour, so what is older is of
# a process that was killed, and is not awaited. An ident that was abandoned reserves nothing any more.
RESERVE = f"""{_NOW}
local day = math.floor(time / 86400)
local left = string.format('%.3f', (day + 1) * 86400 - time)
local spent, reserved = prefix .. 'spent:' .. day, prefix .. 'reserved:' .. day
local already = redis.call('HEXISTS', reserved, ARGV[4]) == 1
if not already then
  local beyond = tonumber(redis.call('GET', spent) or '0') + tonumber(ARGV[3]) - tonumber(ARGV[2])
  if beyond > 0 then
    for _, value in ipairs(redis.call('HVALS', reserved)) do
      local amount, begun = string.match(value, '(%d+) (%d+)')
      if amount and time - begun < 3600 then beyond = beyond - amount end
    end
    return {{0, day, left, beyond <= 0 and 1 or 0}}
  end
  redis.call('INCRBY', spent, ARGV[3])
  redis.call('HSET', reserved, ARGV[4], ARGV[3] .. ' ' .. math.floor(time))
  redis.call('EXPIRE', spent, 172800)
  redis.call('EXPIRE', reserved, 172800)
end
return {{1, day, left, 0}}
"""

# name, ident. Its reservation may still be on its way here: it must find that it is too late.
ABANDON = f"""{_NOW}
local day = math.floor(time / 86400)
local reserved = prefix .. 'reserved:' .. day
local before = redis.call('HGET', reserved, ARGV[2])
if before and before ~= '-' then
  redis.call('DECRBY', prefix .. 'spent:' .. day, string.match(before, '%d+'))
end
redis.call('HSET', reserved, ARGV[2], '-')
redis.call('EXPIRE', reserved, 172800)
"""

# name, day, ident, amount. What was not reserved, or is settled already, changes nothing.
SETTLE = f"""{_NOW}
local reserved = prefix .. 'reserved:' .. ARGV[2]
local before = redis.call('HGET', reserved, ARGV[3])
if before and before ~= '-' then
  redis.call('HDEL', reserved, ARGV[3])
  redis.call('INCRBY', prefix .. 'spent:' .. ARGV[2], ARGV[4] - string.match(before, '%d+'))
end
"""

# names. Returns the seconds until the next day, and for each name what it has spent and what is reserved, as text.
SPENT = """
local time = tonumber(redis.call('TIME')[1])
local day = math.floor(time / 86400)
local found = {string.format('%d', (day + 1) * 86400 - time)}
for _, name in ipairs(ARGV) do
  local prefix, reserved = 'imagewire:callers:' .. name .. ':', 0
  for _, value in ipairs(redis.call('HVALS', prefix .. 'reserved:' .. day)) do
    reserved = reserved + (tonumber(string.match(value, '^%d+')) or 0)
  end
  local spent = tonumber(redis.call('GET', prefix .. 'spent:' .. day) or '0') - reserved
  found[#found + 1] = string.format('%.0f %.0f', spent, reserved)
end
return found
"""
