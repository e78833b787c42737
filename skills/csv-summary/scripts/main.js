/** A wider table would give more than an answer may hold. */
const mostColumns = 150;

/** Longest name or value that is told, in UTF-16 code units. */
const longestText = 200;

/** Reads a table in CSV and describes each of its columns. */
export default async ({ csv, delimiter = guessDelimiter(csv), header = true }) => {
  const table = parse(csv.replace(/^\uFEFF/, ''), delimiter).filter((row) => row.length > 1 || row[0] !== '');
  const width = table.reduce((most, row) => Math.max(most, row.length), 0);
  const names = header ? (table.shift() ?? []) : [];
  const columns = filledCells(table, Math.min(width, mostColumns)).map((cells, index) =>
    describe(shorten((names[index] ?? '').trim() || `column ${index + 1}`), cells, table.length),
  );
  const ragged = table.filter((row) => row.length !== width).length;
  return { rows: table.length, columns, ragged, ...(width > mostColumns && { columnsLeftOut: width - mostColumns }) };
};

/** Counts the signs of the first line that are not inside quotes. */
function guessDelimiter(csv) {
  const counts = { ',': 0, ';': 0, '\t': 0, '|': 0 };
  let isQuoted = false;
  let isStart = true;
  for (const sign of csv.replace(/^\uFEFF/, '')) {
    if (sign === '"' && (isQuoted || isStart)) isQuoted = !isQuoted;
    else if (!isQuoted && (sign === '\n' || sign === '\r')) break;
    else if (!isQuoted && sign in counts) counts[sign] += 1;
    isStart = sign in counts;
  }
  return Object.keys(counts).reduce((best, sign) => (counts[sign] > counts[best] ? sign : best));
}

/** RFC 4180: quotes around a cell, doubled inside; line ends inside quotes belong to the cell. A line ends with LF, CRLF or CR. */
function parse(csv, delimiter) {
  const rows = [];
  let row = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < csv.length; at += 1) {
    const sign = csv[at];
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (csv[at + 1] === '"') cell += csv[(at += 1)];
      else isQuoted = false;
    } else if (sign === '"' && cell === '') isQuoted = true;
    else if (sign === delimiter) row.push(take());
    else if (isLineEnd(csv, at)) rows.push(endRow());
    else if (sign !== '\r') cell += sign;
  }
  if (cell !== '' || row.length > 0) rows.push(endRow());
  return rows;

  function take() {
    const taken = cell;
    cell = '';
    return taken;
  }

  function endRow() {
    const ended = [...row, take()];
    row = [];
    return ended;
  }
}

function isLineEnd(csv, at) {
  return csv[at] === '\n' || (csv[at] === '\r' && csv[at + 1] !== '\n');
}

/** The cells of each column that hold something. Only cells that are there are looked at: rows may be of very different length. */
function filledCells(table, width) {
  const columns = Array.from({ length: width }, () => []);
  for (const row of table) {
    for (let index = 0; index < Math.min(row.length, width); index += 1) {
      const cell = row[index].trim();
      if (cell !== '') columns[index].push(cell);
    }
  }
  return columns;
}

function describe(name, filled, rows) {
  const base = { name, filled: filled.length, empty: rows - filled.length, distinct: new Set(filled).size };
  if (filled.length === 0) return { ...base, type: 'empty' };
  const numbers = filled.map(toNumber);
  return numbers.every(Number.isFinite)
    ? { ...base, type: 'number', ...measure(numbers) }
    : { ...base, type: 'text', most: mostFrequent(filled) };
}

function toNumber(cell) {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(cell) ? Number(cell) : Number.NaN;
}

/** What is too large for a number is left out. */
function measure(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const sum = add(numbers);
  const middle = (sorted.length - 1) / 2;
  const all = {
    min: sorted[0],
    max: sorted.at(-1),
    sum: rounded(sum),
    mean: rounded(Number.isFinite(sum) ? sum / sorted.length : add(numbers.map((value) => value / sorted.length))),
    median: rounded(sorted[Math.floor(middle)] / 2 + sorted[Math.ceil(middle)] / 2),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)));
}

/** Adds up without losing what is small beside the rest (Neumaier). */
function add(numbers) {
  let sum = 0;
  let lost = 0;
  for (const value of numbers) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** Without the noise of binary fractions; whole numbers have none. */
function rounded(value) {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15));
}

/** The three most frequent values; of equally frequent ones the first in the table. */
function mostFrequent(cells) {
  const counts = new Map();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([value, count]) => ({ value: shorten(value), count }));
}

/** The beginning of a text, without half a character at its end. */
function shorten(text) {
  return text
    .slice(0, longestText)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed();
}
