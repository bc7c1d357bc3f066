-- Counts attempts at one thing by one subject in several windows at once.
-- Guarantee: an attempt is counted in every window or, where one of them is full, in none; a window
-- begins with its first attempt and ends by itself.
-- KEYS[i]            counter of window i; all with one hash tag, so that they lie on one shard
-- ARGV[1]            1 to count an attempt, 0 only to ask
-- ARGV[2i], [2i+1]   most attempts in window i, its length in milliseconds
-- Returns 0, or the milliseconds until the last of the full windows ends.
local wait_ms = 0
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i]) then
    wait_ms = math.max(wait_ms, redis.call('PTTL', key), 1)
  end
end
if wait_ms > 0 or ARGV[1] == '0' then
  return wait_ms
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[2 * i + 1])
  end
end
return 0
