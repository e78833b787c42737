/** Letters that are drawn like a plain Latin one, the look-alikes in one row and the Latin letters below; see Unicode UTS #39. */
const rows: readonly (readonly [lookalikes: string, latin: string])[] = [
  ['аеосрхуіјѕԛԝԁһӏвкмнтгп', 'aeocpxyijsqwdhlbkmhtrn'],
  ['АЕОСРХУІЈЅԚԜԀҺӀВКМНТГП', 'AEOCPXYIJSQWDHIBKMHTRN'],
  ['αορνικτυχγηεβωρ', 'aopviktuxynebwp'],
  ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
  ['ıɩɡɑʀɴꜱɪɢ', 'iigarnsig'],
];

/** Look-alike letter to the Latin letter it is drawn like. */
export const latinLookalikes: ReadonlyMap<string, string> = new Map(
  rows.flatMap(([lookalikes, latin]) =>
    Array.from(lookalikes, (letter, at): [string, string] => [letter, latin.charAt(at)]),
  ),
);
