-- The meter of one model of one project: requests and input tokens in every sliding minute, requests and money a day.
-- All dimensions or nothing, on this server's clock alone.
--
--   KEYS 1 state    hash    what is listed in FIELDS
--        2 window   hash    "<tenth>r" requests and "<tenth>t" tokens admitted in that tenth of a second
--        3 leases   zset    reservation → when it is given up for dead
--        4 held     hash    reservation → "tenth:tokens:microdollars:day"
--        5 waiting  zset    ticket → when it first asked
--        6 asked    hash    ticket → "tokens:microdollars:deadline:due": when it was told to come
--        7 spend    hash    day, microdollars: of the whole project
--   ARGV 1 reserve | settle | release | throttle | seed | show
--        2 JSON; see registre/limits/meter.py
--
-- A request is counted from its admission until 60 s after it can last have arrived: it is sent within `guard` ms, so
-- whatever the way to the provider takes below that, no 60 s seen over there hold more than the limit.

local STATE, WINDOW, LEASES, HELD, WAITING, ASKED, SPEND = unpack(KEYS)
local op, ask = ARGV[1], cjson.decode(ARGV[2])

local TENTH = 100           -- ms: width of what the window is counted in
local SMOOTH = 200          -- a tenth takes at most this part of the minute's requests: three times the mean
local AGED = 5000           -- ms after which a large request is no longer overtaken by small ones
local GRACE = 10000         -- ms beyond its time that a ticket keeps its place
local LATE = 500            -- ms beyond its time from which nobody waits for it: its process may be dead
local CHUNK = 64            -- tenths read at once
local CROWD = 512           -- tickets; who comes later waits without a place
local SEEDING = 5000        -- ms that a client may take to read the ledger
local THROTTLED = 60000     -- ms of pause where the provider names none
local SLOW = 120000         -- ms at half rate after a pause
local KEPT = 172800         -- s that idle keys live; two days, so that a day's counters outlive it

local FIELDS = { 'run', 'born', 'last', 'seeded', 'seeding', 'head', 'tail', 'requests', 'tokens', 'day', 'day_requests',
  'pause', 'slow', 'expired', 'throttled', 'settled', 'released' }

local floor, max, min = math.floor, math.max, math.min
local clock = redis.call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local today, tomorrow = pacific_day(now / 1000)
today, tomorrow = today * 1000, tomorrow * 1000

local function int(number)
  return string.format('%.0f', number)
end

local function numbers(text)
  local found = {}
  for part in string.gmatch(text, '[^:]+') do
    found[#found + 1] = tonumber(part)
  end
  return unpack(found)
end

-- Which incarnation of the server this is: what it restored from a file may be old.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
end

local s = {}
do
  local values = redis.call('HMGET', STATE, unpack(FIELDS))
  for i, name in ipairs(FIELDS) do
    s[name] = values[i] and (name == 'run' and values[i] or tonumber(values[i])) or nil
  end
end

local function save()
  local pairs_ = {}
  for _, name in ipairs(FIELDS) do
    pairs_[#pairs_ + 1] = name
    pairs_[#pairs_ + 1] = name == 'run' and s.run or int(s[name])
  end
  redis.call('HSET', STATE, unpack(pairs_))
  for _, key in ipairs({ STATE, WINDOW, LEASES, HELD, WAITING, ASKED, SPEND }) do
    redis.call('EXPIRE', key, KEPT)
  end
end

-- Nothing is known of the last minute: the server was flushed, restarted or put its clock back.
local function begin(run)
  redis.call('DEL', WINDOW, LEASES, HELD, WAITING, ASKED)
  s = { run = run, born = now, last = now, seeded = 0, seeding = 0, head = floor(now / TENTH), tail = 0, requests = 0,
    tokens = 0, day = today, day_requests = 0, pause = s.pause or 0, slow = s.slow or 0, expired = 0, throttled = 0,
    settled = 0, released = 0 }
end

local run = run_id()
if s.run ~= run or now < (s.last or 0) - 5000 then
  if op == 'show' then
    return cjson.encode({ known = false })
  end
  begin(run)
end
now = max(now, s.last)
s.last = now

local span = ask.window + ask.guard
local tenth = floor(now / TENTH)

-- Leave out what is older than the window.
local function advance()
  local gone = floor((now - span) / TENTH) - 1
  local fields = {}
  for b = s.head, min(gone, s.tail) do
    fields[#fields + 1] = int(b) .. 'r'
    fields[#fields + 1] = int(b) .. 't'
  end
  if #fields > 0 then
    local values = redis.call('HMGET', WINDOW, unpack(fields))
    for i = 1, #values, 2 do
      s.requests = s.requests - (tonumber(values[i]) or 0)
      s.tokens = s.tokens - (tonumber(values[i + 1]) or 0)
    end
    redis.call('HDEL', WINDOW, unpack(fields))
  end
  s.head = max(s.head, gone + 1)
  if s.day ~= today then
    s.day, s.day_requests = today, 0
  end
  if tonumber(redis.call('HGET', SPEND, 'day') or 0) ~= today then
    redis.call('HSET', SPEND, 'day', int(today), 'microdollars', '0')
  end
end

-- Holders that neither settled nor released: what they took leaves the window by itself, their money stays spent.
local function expire()
  local dead = redis.call('ZRANGEBYSCORE', LEASES, '-inf', int(now), 'LIMIT', 0, 100)
  if #dead > 0 then
    redis.call('ZREM', LEASES, unpack(dead))
    redis.call('HDEL', HELD, unpack(dead))
    s.expired = s.expired + #dead
  end
end

local function add(b, requests, tokens)
  if b < s.head then
    return
  end
  redis.call('HINCRBY', WINDOW, int(b) .. 'r', int(requests))
  redis.call('HINCRBY', WINDOW, int(b) .. 't', int(tokens))
  s.requests, s.tokens, s.tail = s.requests + requests, s.tokens + tokens, max(s.tail, b)
end

local function spend(microdollars)
  if microdollars ~= 0 then
    redis.call('HINCRBY', SPEND, 'microdollars', int(microdollars))
  end
end

local function spent()
  return tonumber(redis.call('HGET', SPEND, 'microdollars') or 0)
end

-- Tickets ahead of `mine`, as requests and tokens, and how many of them come now. A much larger one does not count while
-- it is young: it is overtaken. One that is late keeps its place but holds up nobody.
local function ahead(mine, tokens)
  local requests_ahead, tokens_ahead, coming = 0, 0, 0
  local tickets = redis.call('ZRANGE', WAITING, 0, -1, 'WITHSCORES')
  local names = {}
  for i = 1, #tickets, 2 do
    names[#names + 1] = tickets[i]
  end
  local asked = #names > 0 and redis.call('HMGET', ASKED, unpack(names)) or {}
  for i, name in ipairs(names) do
    if name == mine then
      return requests_ahead, tokens_ahead, coming, true
    end
    local their_tokens, _, deadline, due = numbers(asked[i] or '0:0:0:0')
    due = due or deadline  -- written by the release before
    if deadline < now then
      redis.call('ZREM', WAITING, name)
      redis.call('HDEL', ASKED, name)
    elseif now <= due + LATE and (their_tokens <= 2 * tokens or now - tonumber(tickets[2 * i]) >= AGED) then
      requests_ahead, tokens_ahead = requests_ahead + 1, tokens_ahead + their_tokens
      coming = coming + (due <= now + TENTH and 1 or 0)
    end
  end
  return requests_ahead, tokens_ahead, coming, false
end

-- When the window will have let go of that much.
local function freed_in(requests, tokens)
  for first = s.head, s.tail, CHUNK do
    local fields = {}
    for b = first, min(first + CHUNK - 1, s.tail) do
      fields[#fields + 1] = int(b) .. 'r'
      fields[#fields + 1] = int(b) .. 't'
    end
    local values = redis.call('HMGET', WINDOW, unpack(fields))
    for i = 1, #values, 2 do
      requests = requests - (tonumber(values[i]) or 0)
      tokens = tokens - (tonumber(values[i + 1]) or 0)
      if requests <= 0 and tokens <= 0 then
        return max(1, (first + (i - 1) / 2 + 1) * TENTH + span - now)
      end
    end
  end
  return max(TENTH / 2, (s.tail + 1) * TENTH + span - now)
end

-- 0, or how long to wait and for what.
local function judge(tokens)
  if now < s.pause then
    return s.pause - now, 'pause'
  end
  if ask.day_requests_limit > 0 and s.day_requests + 1 > ask.day_requests_limit then
    return tomorrow - now, 'day_requests'
  end
  if ask.day_microdollars_limit > 0 and spent() + ask.microdollars > ask.day_microdollars_limit then
    return tomorrow - now, 'day_microdollars'
  end
  local rate = now < s.slow and 0.5 or 1
  local requests_limit, tokens_limit = max(1, floor(ask.requests_limit * rate)), max(1, floor(ask.tokens_limit * rate))
  local requests_ahead, tokens_ahead, coming, placed = ahead(ask.ticket, tokens)
  local step = max(1, math.ceil(requests_limit / SMOOTH))
  -- Those who come in the same tenth come one after the other, not all at its beginning.
  local turn = floor((requests_ahead % step) * TENTH / step)
  local requests_over = s.requests + requests_ahead + 1 - requests_limit
  local tokens_over = s.tokens + tokens_ahead + min(tokens, tokens_limit) - tokens_limit
  if requests_over > 0 or tokens_over > 0 then
    return freed_in(requests_over, tokens_over) + turn, requests_over > 0 and 'requests' or 'tokens', placed
  end
  local here = tonumber(redis.call('HGET', WINDOW, int(tenth) .. 'r') or 0) + coming
  if here >= step then
    return floor(here / step) * TENTH - now % TENTH + turn, 'smoothing', placed
  end
  return 0
end

local function take_place(tokens, wait, placed)
  if not placed and redis.call('ZCARD', WAITING) >= CROWD then
    return
  end
  redis.call('ZADD', WAITING, 'NX', int(now), ask.ticket)
  redis.call('HSET', ASKED, ask.ticket, table.concat({ int(tokens), int(ask.microdollars), int(now + wait + GRACE),
    int(now + wait) }, ':'))
end

local ops = {}

function ops.reserve()
  if redis.call('HEXISTS', HELD, ask.id) == 1 then
    return { 'granted' }  -- asked again because the answer got lost
  end
  if s.seeded == 0 then
    -- Whatever was admitted before has left by now+guard, and is on the ledger since.
    local wait = max(s.born + ask.guard, s.seeding) - now
    if wait > 0 then
      return { 'wait', s.seeding > now and TENTH or wait, 'unknown' }
    end
    s.seeding = now + SEEDING
    return { 'seed' }
  end
  local tokens = min(ask.tokens, ask.tokens_limit)
  local wait, why, placed = judge(tokens)
  if wait > 0 then
    if why ~= 'day_requests' and why ~= 'day_microdollars' and (ask.keeps or wait <= ask.patience) then
      take_place(tokens, wait, placed)
    end
    return { 'wait', math.ceil(wait), why }
  end
  add(tenth, 1, tokens)
  s.day_requests = s.day_requests + 1
  spend(ask.microdollars)
  redis.call('ZREM', WAITING, ask.ticket)
  redis.call('HDEL', ASKED, ask.ticket)
  redis.call('ZADD', LEASES, int(now + ask.lease), ask.id)
  redis.call('HSET', HELD, ask.id, table.concat({ int(tenth), int(tokens), int(ask.microdollars), int(today) }, ':'))
  return { 'granted' }
end

local function hand_in(requests, tokens, microdollars)
  local record = redis.call('HGET', HELD, ask.id)
  if not record then
    return { 'unknown' }
  end
  redis.call('HDEL', HELD, ask.id)
  redis.call('ZREM', LEASES, ask.id)
  local b, had_tokens, had_microdollars, day = numbers(record)
  add(b, requests, (tokens or had_tokens) - had_tokens)
  if day == today then
    s.day_requests = s.day_requests + requests
    spend((microdollars or had_microdollars) - had_microdollars)
  end
  return { 'done' }
end

function ops.settle()
  s.settled = s.settled + 1
  return hand_in(0, ask.tokens, ask.microdollars)
end

function ops.release()
  s.released = s.released + 1
  return hand_in(-1, 0, 0)
end

function ops.throttle()
  s.throttled = s.throttled + 1
  if ask.day then
    s.pause = max(s.pause, tomorrow)
  else
    s.pause = max(s.pause, now + (ask.delay or THROTTLED))
    s.slow = max(s.slow, s.pause + SLOW)
  end
  return { 'done' }
end

-- What a client read from the ledger; where it could not, the window counts as full since the state was lost.
function ops.seed()
  if s.seeded == 1 then
    return { 'done' }
  end
  s.seeded = 1
  if not ask.known then
    s.pause = max(s.pause, s.born + span + TENTH)
    return { 'done' }
  end
  s.head = floor((now - span) / TENTH)
  for _, call in ipairs(ask.calls) do
    add(tenth - call[1], call[2], call[3])
  end
  s.day_requests = max(s.day_requests, ask.day_requests)
  spend(max(0, ask.microdollars - spent()))
  return { 'done' }
end

function ops.show()
  return cjson.encode({ known = true, seeded = s.seeded == 1, requests = s.requests, tokens = s.tokens,
    day_requests = s.day_requests, microdollars = spent(), day_ends_in = tomorrow - now, pause = max(0, s.pause - now),
    slow = max(0, s.slow - now), held = redis.call('HLEN', HELD), waiting = redis.call('ZCARD', WAITING),
    expired = s.expired, throttled = s.throttled, settled = s.settled, released = s.released })
end

advance()
expire()
local answer = ops[op]()
save()
return answer
