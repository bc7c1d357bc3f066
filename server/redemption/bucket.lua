-- Guarantee: lets at most `burst` through at once and one per `interval_ms` after that; keeps one
-- number, the time at which the bucket is full again, and forgets it then.
-- KEYS[1]  the bucket
-- ARGV     now_ms, burst, interval_ms, cost: 1 takes a token if there is one, 0 only looks
-- Answer   0 if there is a token, else after how many ms there is one
local now, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval, cost = tonumber(ARGV[3]), tonumber(ARGV[4])
-- A stored time past an empty bucket's comes of a clock that was set back: it is an empty bucket.
local stored = math.min(tonumber(redis.call('GET', KEYS[1]) or now), now + burst * interval)
local full_at = math.max(now, stored) + interval
local wait = full_at - now - burst * interval
if wait > 0 then
  return math.ceil(wait)
end
if cost > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil(full_at - now))
end
return 0
