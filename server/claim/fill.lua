-- Put a new filling of a round's gate in place of the old one.
--
-- Guarantee: atomic; readers see the old filling or the new one. A filling with an epoch that is not
-- newer than the present one is thrown away, so that of two fillers the later in the book wins.
-- The pending marks of the old filling go with it: the book refuses their epoch.
--
-- KEYS  1 gate  2 holders  3 counts  4 pending  5 new holders  6 new counts
-- ARGV  1 epoch  2 cap  3... left of each position
-- Returns 1 when it took effect, 0 when it was thrown away.
local present = redis.call('HGET', KEYS[1], 'epoch')
if present and tonumber(present) >= tonumber(ARGV[1]) then
  redis.call('UNLINK', KEYS[5], KEYS[6])
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('RENAME', KEYS[5], KEYS[2]) end
if redis.call('EXISTS', KEYS[6]) == 1 then redis.call('RENAME', KEYS[6], KEYS[3]) end
local fields = {'epoch', ARGV[1], 'cap', ARGV[2]}
for i = 3, #ARGV do
  fields[#fields + 1] = 'left:' .. (i - 3)
  fields[#fields + 1] = ARGV[i]
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PERSIST', KEYS[2])
redis.call('PERSIST', KEYS[3])
return 1
