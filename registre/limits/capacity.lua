-- The machine's cores and memory, handed out as leases that expire. Sums are made from the leases, never kept beside them.
--
--   KEYS 1 server:workers        hash    worker → JSON {workerId, type, cpu, ram, startedAt}; living ones only
--        2 server:leases         zset    worker → when it is given up for dead
--        3 server:cpu:allocated  string  sum of the leases, cores
--        4 server:ram:allocated  string  the same in GB
--        5 server:waiting        hash    worker → JSON {workerId, type, cpu, ram, until}: asked and did not fit
--        6 worker_pool:allocation string JSON {indexWorkers, acteWorkers, totalWorkers}: what runs now
--   ARGV 1 enter | beat | leave | show
--        2 JSON; see registre/limits/capacity.py. Cores and GB come in thousandths.
--
-- `enter` of a worker that is in replaces what it holds, at once or not at all.

local WORKERS, LEASES, CPU, RAM, WAITING, POOL = unpack(KEYS)
local op, ask = ARGV[1], cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function int(number)
  return string.format('%.0f', number)
end

local workers, since = {}, {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', int(now))) do
  redis.call('HDEL', WORKERS, name)
  redis.call('ZREM', LEASES, name)
end
local leases = redis.call('ZRANGE', LEASES, 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
  local text = redis.call('HGET', WORKERS, leases[i])
  if text then
    workers[leases[i]] = cjson.decode(text)
    since[leases[i]] = tonumber(leases[i + 1])
  end
end
-- Whoever wrote into the hash without a lease would never leave it.
for _, name in ipairs(redis.call('HKEYS', WORKERS)) do
  if not workers[name] then
    redis.call('HDEL', WORKERS, name)
  end
end

local function thousandths(amount)
  return math.floor(amount * 1000 + 0.5)
end

local function sums(except)
  local cpu, ram, count = 0, 0, {}
  for name, worker in pairs(workers) do
    if name ~= except then
      cpu, ram = cpu + thousandths(worker.cpu), ram + thousandths(worker.ram)
      count[worker.type] = (count[worker.type] or 0) + 1
    end
  end
  return cpu, ram, count
end

local function plain(amount)
  return string.format('%.10g', amount / 1000)
end

local function publish()
  local cpu, ram, count = sums()
  redis.call('SET', CPU, plain(cpu))
  redis.call('SET', RAM, plain(ram))
  local index, acte = count['index-ocr'] or 0, count['acte-ocr'] or 0
  redis.call('SET', POOL, string.format('{"indexWorkers":%d,"acteWorkers":%d,"totalWorkers":%d}', index, acte, index + acte))
  -- With the last lease everything goes, should nobody be left to count again.
  local last = redis.call('ZRANGE', LEASES, -1, -1, 'WITHSCORES')
  local ttl = math.max(1000, (tonumber(last[2]) or now) - now)
  for _, key in ipairs({ WORKERS, LEASES, CPU, RAM, POOL }) do
    redis.call('PEXPIRE', key, int(ttl))
  end
end

local function wait_for(cpu, ram)
  redis.call('HSET', WAITING, ask.id, string.format('{"workerId":%s,"type":%s,"cpu":%s,"ram":%s,"until":%s}',
    cjson.encode(ask.id), cjson.encode(ask.type), plain(cpu), plain(ram), int(now + ask.ttl)))
  redis.call('PEXPIRE', WAITING, int(ask.ttl))
end

local function put(worker)
  workers[ask.id] = worker
  redis.call('HSET', WORKERS, ask.id, string.format('{"workerId":%s,"type":%s,"cpu":%s,"ram":%s,"startedAt":%s}',
    cjson.encode(ask.id), cjson.encode(worker.type), plain(thousandths(worker.cpu)), plain(thousandths(worker.ram)),
    cjson.encode(worker.startedAt)))
  redis.call('ZADD', LEASES, int(now + ask.ttl), ask.id)
end

local ops = {}

function ops.enter()
  local cpu, ram, count = sums(ask.id)
  local room = (not ask.most) or (count[ask.type] or 0) < ask.most
  local fits = cpu + ask.cpu <= ask.cpu_limit and ram + ask.ram <= ask.ram_limit
  if fits and room then
    local mine = workers[ask.id]
    put({ type = ask.type, cpu = ask.cpu / 1000, ram = ask.ram / 1000, startedAt = mine and mine.startedAt or ask.started_at })
    redis.call('HDEL', WAITING, ask.id)
  elseif not workers[ask.id] then
    wait_for(ask.cpu, ask.ram)
  end
  publish()
  return { fits and room and 1 or 0, plain(cpu), plain(ram) }
end

-- 1, or 0 when the lease is gone: Redis was flushed, or this process slept too long. It must enter again.
function ops.beat()
  if not workers[ask.id] then
    publish()
    return 0
  end
  redis.call('ZADD', LEASES, int(now + ask.ttl), ask.id)
  publish()
  return 1
end

function ops.leave()
  workers[ask.id] = nil
  redis.call('HDEL', WORKERS, ask.id)
  redis.call('ZREM', LEASES, ask.id)
  redis.call('HDEL', WAITING, ask.id)
  publish()
  return 1
end

function ops.show()
  publish()
  local cpu, ram = sums()
  local shown, waiting = {}, {}
  for name, worker in pairs(workers) do
    worker.workerId, worker.expiresIn = name, since[name] - now
    shown[#shown + 1] = worker
  end
  for _, text in ipairs(redis.call('HVALS', WAITING)) do
    local asker = cjson.decode(text)
    if asker['until'] > now then
      waiting[#waiting + 1] = asker
    end
  end
  return { plain(cpu), plain(ram), #shown > 0 and cjson.encode(shown) or '[]', #waiting > 0 and cjson.encode(waiting) or '[]' }
end

return ops[op]()
