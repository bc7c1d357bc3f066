-- Requests of one run of wrk: prepared lines, each sent once, split among the threads
-- (or again and again with BENCH_REPEAT, for a handler that does not mind).
--
-- Environment  BENCH_LINES    file of lines: token TAB address [TAB body]
--              BENCH_BODY     body of the lines that have none
--              BENCH_PATH     path of every request
--              BENCH_THREADS  number of threads: thread i sends lines i, i + n, i + 2n, …
--              BENCH_HOST     value of the Host header
-- Output       one line of JSON after `RESULT `, see `generator.py`
--
-- There is no `response` function: with one, wrk would parse every answer in Lua, on the cores that
-- the server needs. Answers of 400 and above are counted by wrk itself.

local threads = {}
local started = 0

function setup(thread)
  thread:set('number', started)
  started = started + 1
  threads[started] = thread
end

function init()
  local path, body = os.getenv('BENCH_PATH'), os.getenv('BENCH_BODY')
  local count = tonumber(os.getenv('BENCH_THREADS'))
  before = 'POST ' .. path .. ' HTTP/1.1\r\nHost: ' .. os.getenv('BENCH_HOST')
    .. '\r\nContent-Type: application/json\r\nAuthorization: Bearer '
  tokens, rests, at, sent, ran_out = {}, {}, 0, 0, 0
  again = os.getenv('BENCH_REPEAT') == '1'
  local line_number = 0
  for line in io.lines(os.getenv('BENCH_LINES')) do
    if line_number % count == number then
      local token, address, own = line:match('^([^\t]*)\t([^\t]*)\t?(.*)$')
      local text = own ~= '' and own or body
      tokens[#tokens + 1] = token
      rests[#rests + 1] = '\r\nX-Forwarded-For: ' .. address
        .. '\r\nContent-Length: ' .. #text .. '\r\n\r\n' .. text
    end
    line_number = line_number + 1
  end
  if #tokens == 0 then error('no request is prepared for this thread') end
end

-- wrk may run `request` once before the threads' clocks start, to look at the request: not a send.
function request()
  at = at + 1
  if at > #tokens and again then at = 1 end
  if at > #tokens then
    ran_out = ran_out + 1
    return 'GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n'
  end
  return before .. tokens[at] .. rests[at]
end

function done(summary, latency)
  local over = 0
  for _, thread in ipairs(threads) do
    over = over + thread:get('ran_out')
  end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"answers": %d, "refused": %d, "broken": %d, "timeouts": %d, "duration_us": %d, '
      .. '"p50_us": %d, "p90_us": %d, "p99_us": %d, "max_us": %d, "ran_out": %d}\n',
    summary.requests, e.status, e.connect + e.read + e.write, e.timeout, summary.duration,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    over))
end
