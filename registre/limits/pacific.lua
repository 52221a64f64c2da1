-- The provider's day begins at midnight Pacific time. Redis' Lua knows no time zones, and a client's clock is not asked,
-- hence the rule itself: daylight time from the second Sunday of March, 10:00 UTC, to the first of November, 9:00 UTC.
-- Valid as long as that rule is (since 2007). Put in front of meter.lua.

-- Day number (0 is 1970-01-01) of a date of the Gregorian calendar.
local function day_number(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

-- Day number of the n-th Sunday of a month. Day 0 was a Thursday.
local function sunday(year, month, n)
  local first = day_number(year, month, 1)
  return first + (7 - (first + 4) % 7) % 7 + 7 * (n - 1)
end

local function is_daylight(seconds)
  -- On New Year's Eve the year may come out wrong by one; winter is winter in both.
  local year = math.floor(1970 + seconds / 86400 / 365.2425)
  return seconds >= sunday(year, 3, 2) * 86400 + 36000 and seconds < sunday(year, 11, 1) * 86400 + 32400
end

-- Unix seconds at which Pacific day `day` begins.
local function day_start(day)
  local daylight = day * 86400 + 25200
  return is_daylight(daylight) and daylight or daylight + 3600
end

-- Unix seconds at which the Pacific day of `seconds` began, and at which the next one begins.
local function pacific_day(seconds)
  local day = math.floor((seconds - (is_daylight(seconds) and 25200 or 28800)) / 86400)
  return day_start(day), day_start(day + 1)
end
