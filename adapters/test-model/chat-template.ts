import { callers, type ScriptName, shoutedText, triggered, triggers } from './script.ts';

/** Control tokens the template writes; the last one of a prompt decides what the model says. */
export const controlTokens = {
  messageStart: '<|im_start|>',
  messageEnd: '<|im_end|>',
  reply: (name: ScriptName) => `<|reply:${name}|>`,
  thought: (name: ScriptName) => `<|think:${name}|>`,
} as const;

/** Punctuation that may touch a trigger word. */
const separators = [',', '.', '!', '?'] as const;

/** ChatML as a Jinja template with tools. It looks at the last message only, so that older ones never change the reply. */
export function chatTemplate({ thinking }: { thinking: boolean }): string {
  const { messageStart, messageEnd } = controlTokens;
  return `{%- if tools %}${messageStart}system
You may call these tools by writing <tool_call>{"name": ..., "arguments": ...}</tool_call>:
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}${messageEnd}
{% endif %}{% for message in messages %}${messageStart}{{ message.role }}
${thinking ? thoughtOfMessage : ''}{% if message.content %}{{ message.content }}{% endif %}{% for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}${messageEnd}
{% endfor %}{% if add_generation_prompt %}{% set last = messages[-1] %}{% set words = ${wordsOf('last.content')} %}${choice()}${ending(thinking)}{% endif %}`;
}

const thoughtOfMessage =
  '{% if message.reasoning_content %}<think>\n{{ message.reasoning_content }}\n</think>\n\n{% endif %}';

function wordsOf(content: string): string {
  const replaced = separators.map((mark) => ` | replace('${mark}', ' ')`).join('');
  return `((${content} if ${content} is string else '') | lower${replaced}).split()`;
}

function choice(): string {
  const branches = triggered.map((name) => {
    const tools = callers.includes(name) ? ' and tools' : '';
    return `{% elif '${triggers[name]}' in words${tools} %}{% set script = '${name}' %}`;
  });
  return `{% if last.role == 'tool' and '${shoutedText}' in last.content %}{% set script = 'shouted' %}{% elif last.role == 'tool' %}{% set script = 'result' %}${branches.join('')}{% else %}{% set script = 'default' %}{% endif %}`;
}

/** Only control tokens: a server that follows a JSON schema reads them again and must find each one in the vocabulary. */
function ending(thinking: boolean): string {
  const { messageStart } = controlTokens;
  const reply = `${messageStart}{{ '<|reply:' ~ script ~ '|>' }}`;
  if (!thinking) return reply;
  const thought = `${messageStart}{{ '<|think:' ~ script ~ '|>' }}`;
  return `{% if enable_thinking is defined and enable_thinking is false %}${reply}{% else %}${thought}{% endif %}`;
}
