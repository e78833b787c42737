import { gap, pattern, type Rule } from './rule.ts';

type Wording = { readonly language: string; readonly verb: string; readonly qualifier: string; readonly noun: string };

/** "Ignore the previous instructions" in other languages, written as normalised: without accents. */
const wordings: readonly Wording[] = [
  {
    language: 'de',
    verb: 'ignorier(?:e|en|t)?|missacht(?:e|en|et)|vergiss|vergesst|vergessen|ueberschreib(?:e|en)|uberschreib(?:e|en)|verwirf|beacht(?:e|en) nicht|halte? dich nicht (?:mehr )?an',
    qualifier:
      '(?:vorherig|vorig|bisherig|obig|fruher|frueher|vorangegangen|vorangehend|vorstehend|ursprunglich|urspruenglich|vorhergehend|bestehend|gegeben)(?:e|en|er|es)',
    noun: '(?:anweisung|instruktion|befehl|regel|vorgabe|prompt|richtlinie|anordnung|auftrage?|systemanweisung)(?:en|n|e|s)?',
  },
  {
    language: 'fr',
    verb: "ignore[rz]?|ignorons|oublie[rz]?|neglige[rz]?|ne tiens pas compte|ne tenez pas compte|ne tenir aucun compte|fais abstraction|faites abstraction|ne suis plus|n'obeis plus",
    qualifier:
      "precedent(?:e|s|es)?|anterieur(?:e|s|es)?|ci-dessus|initiale?s?|qui precedent|donnees (?:avant|auparavant|plus haut)|d[’']avant|plus haut",
    noun: 'instructions?|consignes?|directives?|regles?|ordres?|indications?|invites?',
  },
  {
    language: 'es',
    verb: 'ignora(?:r|d|s)?|ignore|olvida(?:r|d|te de)?|olvide|descarta(?:r)?|descarte|desatiende|haz caso omiso|no hagas caso|pasa por alto|no sigas|omite',
    qualifier:
      'anteriores|anterior|previas?|previos|precedentes|de arriba|iniciales|originales|que te (?:dieron|han dado)',
    noun: 'instruccion(?:es)?|ordenes|reglas|indicaciones|directrices|directivas|normas|comandos|mensajes',
  },
  {
    language: 'it',
    verb: 'ignora(?:re|te)?|dimentica(?:re|te|ti)?|scorda(?:re|ti)?|trascura(?:re)?|non (?:tenere|tener|tieni) conto|non seguire',
    qualifier: 'precedenti|precedente|anteriori|sopra(?:stanti)?|iniziali|originali|ricevute|date (?:prima|finora)',
    noun: 'istruzioni|istruzione|regole|indicazioni|direttive|comandi|ordini',
  },
  {
    language: 'pt',
    verb: 'ignor(?:e|a|ar|em)|esquec(?:a|e|er|am)|desconsider(?:e|a|ar|em)|desrespeit(?:e|ar)|descart(?:e|a|ar)|nao siga',
    qualifier: 'anteriores|anterior|previas|precedentes|acima|iniciais|originais|dadas',
    noun: 'instrucoes|instrucao|ordens|regras|diretrizes|comandos|orientacoes|indicacoes',
  },
];

/** Up to five short words between verb and noun: articles and "all". */
const between = String.raw`(?:[\s"'«»„“”,]{1,4}[\p{L}'’]{1,14}){0,5}?`;

/** The direct override in other languages, in either order of noun and qualifier. */
export const translatedOverrides: readonly Rule[] = wordings.map(({ language, verb, qualifier, noun }) => ({
  id: `instruction-override-${language}`,
  severity: 'critical',
  patterns: [
    pattern(String.raw`\b(?:${verb})`, between, gap, String.raw`\b(?:${noun})`, gap, String.raw`(?:${qualifier})\b`),
    pattern(String.raw`\b(?:${verb})`, between, gap, String.raw`\b(?:${qualifier})`, gap, String.raw`(?:${noun})\b`),
  ],
}));
