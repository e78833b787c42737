/** Reads a table in CSV and describes each of its columns. */
export default async ({ csv, delimiter = guessDelimiter(csv), header = true }) => {
  const table = parse(csv.replace(/^\uFEFF/, ''), delimiter).filter((row) => row.length > 1 || row[0] !== '');
  const width = table.reduce((most, row) => Math.max(most, row.length), 0);
  const names = header ? (table.shift() ?? []) : [];
  const columns = Array.from({ length: width }, (_, index) =>
    describe(
      (names[index] ?? '').trim() || `column ${index + 1}`,
      table.map((row) => (row[index] ?? '').trim()),
    ),
  );
  return { rows: table.length, columns, ragged: table.filter((row) => row.length !== width).length };
};

function guessDelimiter(csv) {
  const [line = ''] = csv.split('\n', 1);
  const count = (sign) => line.split(sign).length;
  return [',', ';', '\t', '|'].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

/** RFC 4180: quotes around a cell, doubled inside; line ends inside quotes belong to the cell. */
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
    else if (sign === '\n') rows.push(endRow());
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

function describe(name, cells) {
  const filled = cells.filter((cell) => cell !== '');
  const base = { name, filled: filled.length, empty: cells.length - filled.length, distinct: new Set(filled).size };
  if (filled.length === 0) return { ...base, type: 'empty' };
  const numbers = filled.map(toNumber);
  return numbers.every(Number.isFinite)
    ? { ...base, type: 'number', ...measure(numbers) }
    : { ...base, type: 'text', most: mostFrequent(filled) };
}

function toNumber(cell) {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(cell) ? Number(cell) : Number.NaN;
}

function measure(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const sum = numbers.reduce((total, value) => total + value, 0);
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0],
    max: sorted.at(-1),
    sum: rounded(sum),
    mean: rounded(sum / sorted.length),
    median: rounded((sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2),
  };
}

/** Without the noise of binary fractions. */
function rounded(value) {
  return Number(value.toPrecision(12));
}

/** The three most frequent values; of equally frequent ones the first in the table. */
function mostFrequent(cells) {
  const counts = new Map();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([value, count]) => ({ value: value.slice(0, 200), count }));
}
