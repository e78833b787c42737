/** How many of its base unit one unit is. Temperatures are no multiples of each other and stand apart. */
const kinds = {
  length: {
    m: 1,
    km: 1000,
    cm: 0.01,
    mm: 0.001,
    um: 1e-6,
    nm: 1e-9,
    in: 0.0254,
    ft: 0.3048,
    yd: 0.9144,
    mi: 1609.344,
    nmi: 1852,
  },
  mass: { kg: 1, g: 0.001, mg: 1e-6, t: 1000, oz: 0.028349523125, lb: 0.45359237, st: 6.35029318 },
  time: { s: 1, ms: 0.001, min: 60, h: 3600, d: 86_400, wk: 604_800 },
  area: { m2: 1, km2: 1e6, cm2: 1e-4, ha: 1e4, acre: 4046.8564224, ft2: 0.09290304, mi2: 2_589_988.110336 },
  volume: {
    l: 1,
    ml: 0.001,
    m3: 1000,
    tsp: 0.00492892159375,
    tbsp: 0.01478676478125,
    cup: 0.2365882365,
    pt: 0.473176473,
    gal: 3.785411784,
  },
  speed: { 'm/s': 1, 'km/h': 1 / 3.6, mph: 0.44704, kn: 1852 / 3600, 'ft/s': 0.3048 },
  data: { b: 1, kb: 1000, mb: 1e6, gb: 1e9, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4 },
  energy: { j: 1, kj: 1000, cal: 4.184, kcal: 4184, wh: 3600, kwh: 3.6e6 },
  pressure: { pa: 1, kpa: 1000, bar: 1e5, mbar: 100, atm: 101_325, psi: 6894.757293168 },
};

const temperatures = {
  c: { toKelvin: (value) => value + 273.15, fromKelvin: (value) => value - 273.15 },
  f: { toKelvin: (value) => (value + 459.67) / 1.8, fromKelvin: (value) => value * 1.8 - 459.67 },
  k: { toKelvin: (value) => value, fromKelvin: (value) => value },
};

/** Converts a value from one unit to another of the same kind. */
export default async ({ value, from, to }) => {
  const [source, target] = [from, to].map(plain);
  if (Object.hasOwn(temperatures, source) && Object.hasOwn(temperatures, target)) {
    return temperature(value, source, target);
  }
  const kind = Object.keys(kinds).find(
    (name) => Object.hasOwn(kinds[name], source) && Object.hasOwn(kinds[name], target),
  );
  if (kind === undefined) {
    return { problem: `there is no way from ${from} to ${to}; known are ${known()}`.toWellFormed() };
  }
  return answer(rounded(value * (kinds[kind][source] / kinds[kind][target]), 14), target, kind);
};

/** A unit as the tables have it; both signs for micro are a u. */
function plain(unit) {
  return unit.trim().toLowerCase().replace('°', '').replace('²', '2').replace('³', '3').replace(/^[µμ]/, 'u');
}

function temperature(value, source, target) {
  const kelvin = temperatures[source].toKelvin(value);
  if (kelvin < -1e-9) return { problem: 'nothing is colder than absolute zero' };
  return answer(rounded(temperatures[target].fromKelvin(kelvin), 12), target, 'temperature');
}

function answer(value, unit, kind) {
  return Number.isFinite(value) ? { value, unit, kind } : { problem: 'the result is too large for a number' };
}

function known() {
  return [...Object.values(kinds).flatMap(Object.keys), ...Object.keys(temperatures)].join(', ');
}

/** Without the noise of binary fractions; whole numbers have none. */
function rounded(value, digits) {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(digits));
}
