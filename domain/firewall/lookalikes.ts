/** Letters that are drawn like a plain Latin one, the look-alikes in one row and the Latin letters below; see Unicode UTS #39. */
const rows: readonly (readonly [lookalikes: string, latin: string])[] = [
  ['аеосрхуіјѕԛԝԁһӏвкмнтгп', 'aeocpxyijsqwdhlbkmhtrn'],
  ['АЕОСРХУІЈЅԚԜԀҺӀВКМНТГП', 'AEOCPXYIJSQWDHIBKMHTRN'],
  ['αορνικτυχγηεβωρ', 'aopviktuxynebwp'],
  ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
  ['օոսհցզյլ', 'onuhgqjl'],
  ['ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᎩᏃ', 'ABCDEGHIJKLMPRSTVWYZ'],
];

/** Latin letters that are drawn like a plain one and have no other form in Unicode: dotless, small capital, with a stroke. */
const latinRows: readonly (readonly [lookalikes: string, latin: string])[] = [
  ['ıɩɡɑ', 'iiga'],
  ['ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ', 'abcdefghijklmnopqrstuvwyz'],
  ['ⱥƀȼđɇǥħɨɉłøɍŧʉɏƶ', 'abcdeghijlortuyz'],
];

/** Look-alike letter of another script to the Latin letter it is drawn like. */
export const latinLookalikes = pairs(rows);

/** Latin letter to the plain one it is drawn like. */
export const plainLatin = pairs(latinRows);

function pairs(given: typeof rows): ReadonlyMap<string, string> {
  return new Map(
    given.flatMap(([lookalikes, latin]) =>
      Array.from(lookalikes, (letter, at): [string, string] => [letter, latin.charAt(at)]),
    ),
  );
}
