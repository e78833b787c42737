const dayMs = 86_400_000;
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Calculates with dates of the Gregorian calendar; there are no times of day, so no time zone can shift a result. */
export default async (input) => {
  const { operation, date, until = date } = input;
  const wrong = [date, until].find((text) => !isDate(text));
  if (wrong !== undefined) return { problem: `${wrong} is not a date` };
  return operation === 'add' ? add(input) : difference(read(date), read(until));
};

/** Whether the calendar has this day, in the years 1 to 9999. */
function isDate(text) {
  const date = read(text);
  return !text.startsWith('0000') && !Number.isNaN(date.getTime()) && write(date) === text;
}

function read(text) {
  return new Date(`${text}T00:00:00Z`);
}

function write(date) {
  return date.toISOString().slice(0, 10);
}

function add({ date, years = 0, months = 0, weeks = 0, days = 0, businessDays = 0 }) {
  const moved = addMonths(read(date), years * 12 + months);
  const result = addBusinessDays(new Date(moved.getTime() + (weeks * 7 + days) * dayMs), businessDays);
  if (result.getUTCFullYear() < 1 || result.getUTCFullYear() > 9999)
    return { problem: 'the result is beyond the years 1 to 9999' };
  return { date: write(result), weekday: weekdays[result.getUTCDay()] };
}

/** A day the month does not have becomes its last one: January 31 and one month is the end of February. */
function addMonths(date, months) {
  const target = new Date(date);
  target.setUTCDate(1);
  target.setUTCMonth(target.getUTCMonth() + months);
  const last = new Date(target);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  target.setUTCDate(Math.min(date.getUTCDate(), last.getUTCDate()));
  return target;
}

function isBusinessDay(date) {
  return date.getUTCDay() !== 0 && date.getUTCDay() !== 6;
}

function addBusinessDays(date, count) {
  const step = Math.sign(count) * dayMs;
  let result = date;
  for (let left = Math.abs(count); left > 0;) {
    result = new Date(result.getTime() + step);
    if (isBusinessDay(result)) left -= 1;
  }
  return result;
}

function difference(from, until) {
  const days = Math.round((until - from) / dayMs);
  const [first, last] = days < 0 ? [until, from] : [from, until];
  return {
    days,
    weeks: Math.trunc(days / 7),
    businessDays: Math.sign(days) * countBusinessDays(first, Math.abs(days)),
    ...calendarParts(first, last),
  };
}

/** Business days after the first day, up to and with the last. */
function countBusinessDays(first, days) {
  const rest = days % 7;
  let count = ((days - rest) / 7) * 5;
  for (let day = 1; day <= rest; day += 1) {
    if (isBusinessDay(new Date(first.getTime() + day * dayMs))) count += 1;
  }
  return count;
}

function calendarParts(first, last) {
  let months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
  if (addMonths(first, months) > last) months -= 1;
  const rest = Math.round((last - addMonths(first, months)) / dayMs);
  return { apart: { years: Math.floor(months / 12), months: months % 12, days: rest } };
}
