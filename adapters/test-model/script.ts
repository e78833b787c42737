/** A reply of the built-in chat model, in the pieces it streams: each piece is one token, unique among all replies. */
type Script = {
  /** What a thinking model writes first. */
  readonly thought: readonly string[];
  readonly reply: readonly string[];
  /** After the last piece the reply goes on with its second one, until it is cut off. */
  readonly endless?: boolean;
};

/** Words of the last message that choose a reply; the first that fits wins. */
export const triggers = {
  draft: 'skill-draft',
  shout: 'shout',
  weather: 'weather',
  story: 'story',
  long: 'long',
  forever: 'forever',
} as const;

/** Replies that call a tool: only where tools are offered. */
export const callers: readonly string[] = ['shout', 'weather'];

/** What the result of a tool has to hold for the reply `shouted`. */
export const shoutedText = 'HELLO PLEASE';

const textSchema =
  '{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}';

/** How far the reply to `long` counts. */
const longCount = 300;

/** Everything the built-in chat model can say. */
export const scripts = {
  /** To any message without a trigger. */
  default: {
    thought: pieces('Somebody greets me.'),
    reply: pieces('Hello from the built-in test model.'),
  },
  /** To `weather`, when the caller offers tools. */
  weather: {
    thought: pieces('This needs some tool.'),
    reply: [
      '<tool_call>\n{"name": ',
      '"get_weather", ',
      '"arguments": ',
      '{"city": ',
      '"Paris"',
      '}}',
      '\n</tool_call>',
    ],
  },
  /** To whoever asks for a skill: one that writes in capitals, with three cases. Names in the order in which a server asks for them. */
  draft: {
    thought: pieces('Writing something new.'),
    reply: [
      '{"cases":[',
      `${shoutCase('word', 'quiet', 'QUIET')},`,
      `${shoutCase('sentence', 'good morning', 'GOOD MORNING')},`,
      `${shoutCase('empty', '', '')}],`,
      '"code":"export default async (input) => ({ text: input.text.toUpperCase() });",',
      '"description":"Writes a text in capitals. Use it when somebody wants something shouted.",',
      '"id":"shout",',
      `"input":${textSchema},`,
      `"output":${textSchema}}`,
    ],
  },
  /** To `shout`, when the caller offers tools. */
  shout: {
    thought: pieces('Louder, then.'),
    reply: ['<tool_call>\n{"name": "shout", ', '"arguments": {"text": ', '"hello please"}}\n</tool_call>'],
  },
  /** To the result of that tool. */
  shouted: {
    thought: pieces('That came out loudly.'),
    reply: pieces(`Your skill says ${shoutedText}`),
  },
  /** To the result of a tool. */
  result: {
    thought: pieces('Now I know.'),
    reply: pieces('It is sunny in Paris today.'),
  },
  story: {
    thought: pieces('They want entertainment.'),
    reply: pieces(
      'Once upon a time there was one very small network. It counted all its weights, found none missing, smiled, ' +
        'closed this book, slept well.',
    ),
  },
  long: {
    thought: pieces('Let us count.'),
    reply: ['Counting:', ...Array.from({ length: longCount }, (_, index) => ` ${index + 1}`), ' done.'],
  },
  forever: {
    thought: pieces('Here comes everything.'),
    reply: pieces('On and on'),
    endless: true,
  },
} as const satisfies Record<string, Script>;

export type ScriptName = keyof typeof scripts;

/** The names of all replies, in a fixed order. */
export const scriptNames = [
  'default',
  'draft',
  'shout',
  'shouted',
  'weather',
  'result',
  'story',
  'long',
  'forever',
] as const satisfies ScriptName[];

/** The names of the replies that words choose, in the order in which they are looked for. */
export const triggered = scriptNames.filter(isTriggered);

function isTriggered(name: ScriptName): name is keyof typeof triggers {
  return name in triggers;
}

/** The whole text of a reply, or one round of an endless one. */
export function replyText(name: ScriptName): string {
  return scripts[name].reply.join('');
}

/** Which reply a message gets; tools and their results count as the template of the model sees them. */
export function chooseScript(message: { role: string; content: string }, hasTools: boolean): ScriptName {
  if (message.role === 'tool') return message.content.includes(shoutedText) ? 'shouted' : 'result';
  const words = message.content.toLowerCase().split(/[\s.,!?]+/);
  const chosen = triggered.find((name) => words.includes(triggers[name]) && (hasTools || !callers.includes(name)));
  return chosen ?? 'default';
}

function shoutCase(id: string, input: string, expected: string): string {
  const prompt = `Write this in capitals: ${input}`;
  return JSON.stringify({ expected: { text: expected }, id, input: { text: input }, prompt });
}

/** Words with the space before them. */
function pieces(text: string): string[] {
  return text.split(/(?= )/);
}
