-- Decide a batch of claims of one round, in the order in which they came.
--
-- Guarantee: atomic for the whole batch. Nobody takes two vouchers of an offer, nobody passes the
-- cap, no offer gives more than it has left. The same claim id asked again changes nothing.
-- A take is also written to the pending hash, until the book has it.
--
-- KEYS  1 gate      hash: epoch, cap (0: as many as offers), left:<position>
--       2 holders   hash: person(16) .. position(1) -> claim id(16)
--       3 counts    hash: person(16) -> slots taken, a byte each (kept only when cap > 0)
--       4 pending   hash: claim id(16) -> person(16) network(8) position(1) slot(1) taken_ms(text)
--       5 rate      hash of the present minute: 'p'..person or 'n'..network -> bucket (ms)
--       6 rate      hash of the minute before, read only
-- ARGV  1 entries, 42 bytes each: person(16) claim id(16) network(8) position(1) flags(1)
--         flags 1: the round is not open, only a holder is answered
--       2 person interval_ms  3 person tolerance_ms  4 network interval_ms  5 network tolerance_ms
-- Returns {epoch, answers}: answers has 21 bytes an entry: status(1) claim id(16) number(4, big end)
--   'W' taken, number is the slot    'H' holds it, in the book    'P' holds it, pending; slot
--   'C' over the cap                 'R' too often, number is ms  'S' sold out
--   'X' not open
-- or {0, ''} when the gate is not filled.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'cap')
if not meta[1] then return {0, ''} end
local cap = tonumber(meta[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local entries, size = ARGV[1], 42
local count = #entries / size
local interval = {p = tonumber(ARGV[2]), n = tonumber(ARGV[4])}
local tolerance = {p = tonumber(ARGV[3]), n = tonumber(ARGV[5])}
local sub, floor = string.sub, math.floor

local person, slotof, networks, fields, rates, persons = {}, {}, {}, {}, {}, {}
for i = 1, count do
  local at = (i - 1) * size
  local who = sub(entries, at + 1, at + 16)
  person[i] = who
  slotof[i] = sub(entries, at + 41, at + 41)
  networks[i] = sub(entries, at + 33, at + 40)
  fields[i] = who .. slotof[i]
  persons[i] = who
  rates[2 * i - 1] = 'p' .. who
  rates[2 * i] = 'n' .. networks[i]
end

local held_now = redis.call('HMGET', KEYS[2], unpack(fields))
local taken_now = cap > 0 and redis.call('HMGET', KEYS[3], unpack(persons)) or {}
local rate_now = redis.call('HMGET', KEYS[5], unpack(rates))
local rate_before = redis.call('EXISTS', KEYS[6]) == 1
  and redis.call('HMGET', KEYS[6], unpack(rates)) or {}

local held, taken, bucket, left = {}, {}, {}, {}
local set_held, set_taken, set_pending, set_rate, set_left = {}, {}, {}, {}, {}

local function bucket_at(key, index)
  local value = bucket[key]
  if value == nil then
    value = tonumber(rate_now[index] or rate_before[index] or 0)
    bucket[key] = value
  end
  return value < now and now or value
end

local function left_of(position)
  local value = left[position]
  if value == nil then
    value = tonumber(redis.call('HGET', KEYS[1], 'left:' .. string.byte(position)) or 0)
    left[position] = value
  end
  return value
end

-- The lowest slot that is free. Slots may have gaps: of two takes, the first may never have reached
-- the book, and the book keeps the second one's slot.
local function free_slot(used)
  local slot = 1
  while string.find(used, string.char(slot), 1, true) do slot = slot + 1 end
  return slot
end

local function number(value)
  return string.char(floor(value / 16777216) % 256, floor(value / 65536) % 256,
    floor(value / 256) % 256, value % 256)
end

local zero, none = number(0), string.rep('\0', 16)
local answers = {}
for i = 1, count do
  local at = (i - 1) * size
  local who, position, field = person[i], slotof[i], fields[i]
  local id = held[field] or held_now[i]
  if id then
    local pending = set_pending[id] or redis.call('HGET', KEYS[4], id)
    if pending then
      answers[i] = 'P' .. id .. number(string.byte(pending, 26))
    else
      answers[i] = 'H' .. id .. zero
    end
  elseif string.byte(entries, at + 42) == 1 then
    answers[i] = 'X' .. none .. zero
  else
    local mine = cap > 0 and (taken[who] or taken_now[i] or '') or ''
    local p, n = rates[2 * i - 1], rates[2 * i]
    local pb, nb = bucket_at(p, 2 * i - 1), bucket_at(n, 2 * i)
    local wait = math.max(pb - now - tolerance.p, nb - now - tolerance.n)
    if cap > 0 and #mine >= cap then
      answers[i] = 'C' .. none .. zero
    elseif wait > 0 then
      answers[i] = 'R' .. none .. number(math.ceil(wait))
    else
      bucket[p], bucket[n] = pb + interval.p, nb + interval.n
      set_rate[p], set_rate[n] = bucket[p], bucket[n]
      if left_of(position) <= 0 then
        answers[i] = 'S' .. none .. zero
      else
        id = sub(entries, at + 17, at + 32)
        local slot = cap > 0 and free_slot(mine) or 0
        left[position] = left[position] - 1
        set_left[position] = true
        held[field], set_held[field] = id, id
        if cap > 0 then
          mine = mine .. string.char(slot)
          taken[who], set_taken[who] = mine, mine
        end
        set_pending[id] = who .. networks[i] .. position .. string.char(slot) .. now
        answers[i] = 'W' .. id .. number(slot)
      end
    end
  end
end

local function write(key, pairs_of)
  local flat, n = {}, 0
  for field, value in pairs(pairs_of) do
    flat[n + 1], flat[n + 2] = field, value
    n = n + 2
    if n >= 4000 then
      redis.call('HSET', key, unpack(flat))
      flat, n = {}, 0
    end
  end
  if n > 0 then redis.call('HSET', key, unpack(flat)) end
end

for position in pairs(set_left) do
  redis.call('HSET', KEYS[1], 'left:' .. string.byte(position), left[position])
end
write(KEYS[2], set_held)
write(KEYS[3], set_taken)
write(KEYS[4], set_pending)
if next(set_rate) then
  write(KEYS[5], set_rate)
  redis.call('PEXPIRE', KEYS[5], 120000)
end
return {tonumber(meta[1]), table.concat(answers)}
