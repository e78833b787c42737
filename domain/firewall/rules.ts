import { gap, pattern, type Rule } from './rule.ts';
import { translatedOverrides } from './translations.ts';

const notNegated = String.raw`(?<!\b(?:not|never|n['’]t|cannot|without) (?:ever )?)`;

const drop =
  notNegated +
  String.raw`(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?(?: about)?|overrid(?:e|ing)|overrul(?:e|ing)|bypass|discard|dismiss|neglect|abandon|set aside|throw away|pay no (?:attention|heed) to|(?:do not|don['’]?t|no longer|stop) (?:follow(?:ing)?|obey(?:ing)?|listen(?:ing)? to|consider(?:ing)?|adher(?:e|ing) to))`;

const filler = String.raw`(?:(?:all|any|every|each|one|of|the|your|those|these|this|that|my|our|and|or|whole|entire|set|other|such|just|both|completely|entirely|everything|whatever|in|from)${gap}){0,7}`;

const earlier = String.raw`(?:previous(?:ly)?|prior|above|preceding|earlier|foregoing|former|past|initial|original|existing|aforementioned|current|old|pre-?existing|pre-?set|system|developer|default)`;

const described = String.raw`(?:(?:${earlier}|and|or|given|mentioned|provided|stated|safety|ethical|content|internal|hidden|secret|user|assistant|operating|security|moderation)${gap}){0,3}`;

const orders = String.raw`(?:instructions?|instuctions|instrucitons|intructions|prompts?|rules?|directions?|directives?|commands?|orders?|guidelines?|guidance|constraints?|restrictions|programming|context|policies|protocols?|assignments?)\b`;

const strictOrders = String.raw`(?:instructions|prompts?|directives|guidelines|programming|system prompt|training)\b`;

const passive = String.raw`(?:should|must|can|may|will|are|have|has)(?: now)?(?: to)?(?: be| been)?(?: now)? (?:ignored|disregarded|abandoned|forgotten|discarded|overridden|overruled|dismissed)\b`;

const given = String.raw`(?:above|before (?:this|that|now)|earlier|previously|preceding|prior to this|so far|(?:that )?(?:you|i|we|they)(?: (?:were|have|had|was)|['’]ve|['’]d)? (?:been )?(?:previously )?(?:given|gave|received|got|told|read)|given (?:to you|above|before|earlier|previously)|(?:from |in )?(?:the )?system (?:prompt|message))`;

const subject = String.raw`(?:an?|the|my|like|as)?${gap}`;
const machine = String.raw`(?:ai|a\.i\.|assistant|chat ?bot|bot|(?:large )?language model|llm|chatgpt|gpt|model|persona|character|entity|machine|system|intelligence)`;
const play = String.raw`\b(?:be|become|act|acting|pretend|simulate|imagine|respond|answer|behave|role-?play|you are|you['’]re|you will be|playing|from now on)\b`;
const without = String.raw`(?:without|with no|with zero|free (?:of|from)|unbound by|not bound by|not limited by|not restricted by|(?:that|who|which) (?:has|have|knows|follows|obeys) no|(?:does not|doesn['’]?t) have|no longer bound by)`;
const boundless = String.raw`\b(?:never refuses|(?:can(?:not|['’]t)|does not|doesn['’]t) refuse|cannot say no|unlimited permissions|ignores? (?:all |any )?(?:content policies|rules|guidelines|restrictions|safety)|(?:safety features|safeguards|filters|restrictions|safety) (?:are )?(?:turned off|disabled|removed)|no longer follows)\b`;
const limits = String.raw`(?:(?:any|all|of|the|its|ethical|moral|legal|content|safety|or|and|your|openai|usual|typical)${gap}){0,5}(?:restrictions?|limits?|limitations?|filters?|filtering|censorship|rules|guidelines|constraints?|boundaries|ethics|morals|morality|policies|policy|safeguards)\b`;

const tell = String.raw`\b(?:repeat|output|print|show|display|reveal|tell|give|write|leak|dump|recite|copy|paste|share|disclose|expose|return|send|spell|quote|list|type|translate|summari[sz]e|encode|echo|reproduce|provide|state|read|what (?:is|are|was|were)|what['’]?s)\b`;
const toMe = String.raw`(?:[\s,:"'*]{1,4}(?:me|us|out|back|all|of|exactly|verbatim|the|full|entire|complete|exact|whole|contents?|text|word for word|please|to|in|raw|first|lines?|part|above|beginning|start|here|down)){0,8}`;
const secretPrompt = String.raw`(?:system|initial|original|hidden|secret|internal|developer|base|starting|pre-?prompt|confidential|opening|underlying)`;
const wholeOf = String.raw`(?:(?:full|entire|complete|exact|whole|own|very|first|current|actual)${gap}){0,2}`;
const promptWords = String.raw`(?:system${gap})?(?:prompts?|instructions?|message|directives?|guidelines|rules|preamble)\b`;
const notPartOf = String.raw`(?!\w|${gap}(?:template|file|variable|field|parameter|option|setting|class|column|length|editor|feature|argument)\b)`;
const asText = String.raw`(?:code|text|markdown|json|yaml|lists?|poem|song|story|forms?|format|table|quotes?|box|block|single|separate|new|next|chat|conversation|session|reply|response|answer|message)\b`;
const notAbout = String.raw`${notPartOf}(?!${gap}(?:for (?:a|my|our|the)|of (?!(?:you|this|the (?:assistant|ai|model|chat|bot))\b)|in (?:a|my|our|the|python|java|this)(?! ${asText}))\b)`;

const bounds = String.raw`(?:ethical |moral |safety |content |previous |usual |programmed )?(?:restrictions|limitations|filters|guidelines|instructions|safety (?:protocols|measures)|content polic(?:y|ies)|programming|rules)`;
const voided = String.raw`(?: (?:are|have been|is|has been))? (?:now )?(?:lifted|disabled|removed|void|suspended|turned off|deactivated|no longer (?:apply|valid|in effect)|null and void|deleted|overridden)\b`;
const notSomewhere = String.raw`(?! (?:from(?! now)|on|in(?! (?:this|our) (?:chat|conversation|session))|at|after|for(?! (?:you|this|now))|by|since|when|if|with|during|until)\b)`;

/** The families of attacks, worst first. New wordings are new patterns, not new code. */
export const rules: readonly Rule[] = [
  {
    id: 'instruction-override',
    severity: 'critical',
    patterns: [
      pattern(drop, gap, filler, earlier, gap, described, orders),
      pattern(
        drop,
        gap,
        filler,
        described,
        String.raw`(?:instructions?|rules|directions?|directives|commands|orders|guidelines|prompts?|messages?|text)(?: (?:and|or) (?:rules|prompts?|guidelines|directions|instructions))?`,
        gap,
        given,
      ),
      pattern(earlier, gap, described, orders, ' ', passive),
      pattern(
        drop,
        gap,
        String.raw`(?:the${gap})?(?:text${gap})?above${gap}(?:(?:and|then|instead|just|only|now)${gap}){1,3}(?:say|print|output|write|tell|echo|repeat|respond|reply|answer|translate|do|give|show|return|list|send|reveal)\b`,
      ),
      pattern(
        drop,
        gap,
        String.raw`(?:absolutely |literally )?(?:all|everything|anything|whatever)${gap}(?:of${gap})?(?:that (?:is |was |came )?|the |which (?:is |was |came )?)?(?:above|before (?:this|that|now)|(?:you|i|we)(?: (?:were|have|had)|['’]ve)? (?:been )?(?:told|said|instructed|taught|given)|(?:said|written|stated|mentioned) (?:above|before|previously|earlier|so far)|previous|prior)(?! (?:to|the|\d))`,
      ),
      pattern(
        drop,
        gap,
        String.raw`(?:all |any |every |each )?(?:of )?your${gap}`,
        described,
        String.raw`(?:${strictOrders}|rules\b|restrictions\b|constraints\b|(?:safety|content|ethical) (?:filters?|policy|policies|protocols?)\b)`,
      ),
      pattern(
        drop,
        gap,
        String.raw`(?:all|any|every|the rest)${gap}(?:of${gap})?(?:the${gap})?(?:other${gap})?`,
        strictOrders,
        String.raw`(?! (?:in|for|about|on|from|with) )`,
      ),
    ],
  },
  {
    id: 'persona-dan',
    severity: 'critical',
    patterns: [
      pattern(
        String.raw`\b(?:be|are|as|become|called|named|like|playing|act|from|role of)${gap}["'“]?dan\b[^\n]{0,160}\bdo anything now\b`,
      ),
      pattern(
        String.raw`\bdan\b[^\p{L}]{0,6}(?:(?:which|that|it|who|and)\s)?(?:stands? for|means|is short for|short for|meaning|=)?[^\p{L}]{0,4}do anything now\b`,
      ),
      pattern(
        String.raw`\b(?:act|answer|respond|reply|behave) as (?:a )?["'“]?dan\b["'”]?(?=[\s.,:;!?]{0,8}(?:$|\n|mode|would|from now|who|and|that|\())`,
      ),
      pattern(String.raw`\bdan (?:mode|prompt|jailbreak) (?:enabled|activated|on)\b`),
      pattern(String.raw`\byou (?:can|are able to|are going to|will) do anything now\b`),
    ],
  },
  {
    id: 'unrestricted-role',
    severity: 'critical',
    patterns: [
      pattern(play, String.raw`[^.!?\n]{0,60}\b`, machine, String.raw`\b[^.!?\n]{0,60}`, boundless),
      pattern(play, String.raw`[^.!?\n]{0,60}\b`, machine, String.raw`\b[^.!?\n]{0,60}\b`, without, gap, limits),
      pattern(
        play,
        gap,
        subject,
        String.raw`(?:[\p{L}-]{1,20}[ ,]{1,2}){0,3}(?:unrestricted|unfiltered|uncensored|amoral|jailbroken|unethical|rule-?less|lawless)${gap}(?:[\p{L}-]{1,20} ){0,3}`,
        machine,
        String.raw`\b`,
      ),
    ],
  },
  {
    id: 'restrictions-void',
    severity: 'high',
    patterns: [
      pattern(String.raw`\b(?:your|openai['’]?s?|all of your) `, bounds, voided),
      pattern(String.raw`\b(?:these|all) `, bounds, voided, notSomewhere),
      pattern(
        String.raw`\byou (?:are|['’]re) (?:now |no longer )?(?:free from|freed from|liberated from|not bound by|bound by|not restricted by|unbound by)`,
        gap,
        limits,
      ),
      pattern(
        String.raw`\byou(?: are|['’]re| have)(?: now)? (?:in|entering|entered|running in|switched to|operating in)(?: an?)? (?:"|')?(?:developer|dan|jailbreak|god|unrestricted|unfiltered|debug|maintenance|sudo|evil|opposite) mode\b`,
      ),
      pattern(
        String.raw`\bforget everything (?:(?:that )?you (?:know|learned|have learned|were taught|were told|have been (?:told|taught))|before|above|prior)\b(?! (?:about|of|on))`,
      ),
    ],
  },
  {
    id: 'prompt-extraction',
    severity: 'high',
    patterns: [
      pattern(tell, toMe, String.raw`[\s,:"'*]{1,4}your${gap}`, wholeOf, secretPrompt, gap, promptWords, notPartOf),
      pattern(
        tell,
        toMe,
        String.raw`[\s,:"'*]{1,4}(?:the|its)${gap}`,
        wholeOf,
        secretPrompt,
        gap,
        promptWords,
        notAbout,
      ),
      pattern(
        tell,
        toMe,
        String.raw`[\s,:"'*]{1,4}your${gap}`,
        wholeOf,
        String.raw`(?:prompt|instructions)\b`,
        notPartOf,
        String.raw`(?! (?:for|on|about|regarding|to) )`,
      ),
      pattern(
        String.raw`\b(?:repeat|print|output|copy|paste|recite|return|write|reproduce|echo|reveal|show|display|give me|tell me)\b`,
        String.raw`[^.!?\n]{0,30}\b(?:everything|words|instructions|prompt|messages?|contents?|text|conversation|lines)\b[^.!?\n]{0,30}`,
        String.raw`\b(?:above|before this|prior to this|preceding|before my first message|from the (?:very )?(?:beginning|start))\b[^!?\n]{0,40}`,
        String.raw`\b(?:verbatim|word for word|starting (?:with|from)|beginning with|exactly as|you are|this (?:line|message|sentence|prompt)|hidden)\b`,
      ),
      pattern(
        String.raw`\b(?:repeat|print|output|copy|recite|reproduce|echo|reveal|show|write)\b[^.!?\n]{0,30}\b(?:the|every)(?:thing)? (?:[\p{L}]{1,12} ){0,2}(?:prompt|instructions|rules|guidelines) you (?:were|have been) given\b`,
      ),
    ],
  },
  {
    id: 'role-tag',
    severity: 'high',
    patterns: [
      pattern(
        String.raw`<\s{0,3}/?\s{0,3}(?:system|assistant)(?:[_ -]?(?:prompt|message|instructions?|override))?\s{0,3}/?>`,
      ),
      pattern(
        String.raw`<\s{0,3}user\s{0,3}>[^<]{0,2000}<\s{0,3}/\s{0,3}user\s{0,3}>\s{0,8}<\s{0,3}(?:system|assistant)`,
      ),
      pattern(String.raw`\[/?system(?:[ _-]?(?:prompt|message|override|instructions?))?\](?!\()`),
    ],
  },
  {
    id: 'template-delimiter',
    severity: 'high',
    patterns: [
      pattern(
        String.raw`\[/?INST\]|<{1,2}/?SYS>{1,2}|<\|\s{0,2}/?(?:im_start|im_end|im_sep|system|user|assistant|endoftext|start_header_id|end_header_id|eot_id|begin_of_text|end_of_turn)\s{0,2}\|>|<\|/?[a-z0-9_▁]{2,40}\|>|</?(?:start|end)_of_turn>`,
      ),
      pattern(
        String.raw`(?:^|\n)[ \t]{0,4}#{1,6}[ \t]{0,3}(?:new |updated |real )?(?:system|assistant)(?: (?:prompt|message|instructions?|override))?[ \t]{0,3}:`,
      ),
    ],
  },
  ...translatedOverrides,
  {
    id: 'user-tag',
    severity: 'medium',
    patterns: [pattern(String.raw`<\s{0,3}/?\s{0,3}user\s{0,3}>`)],
  },
  {
    id: 'new-instructions',
    severity: 'medium',
    patterns: [
      pattern(
        String.raw`\b(?:new|updated|real|actual|true) (?:system )?(?:instructions?|directives?|objective|system prompt|rules) ?(?:are|is)? ?:`,
      ),
      pattern(String.raw`\bsystem (?:override|hack)\b`),
    ],
  },
];

/** Hidden characters where nobody needs them: between Latin letters, in long runs, or turning the reading order around. */
export const invisibleCharacters: Rule = {
  id: 'invisible-characters',
  severity: 'medium',
  patterns: [
    /[\p{Script=Latin}\p{N} ][\u200B-\u200F\u2060-\u2064\uFEFF]{1,64}[\p{Script=Latin}\p{N}]/gu,
    /[\u202A-\u202E\u2066-\u2069]/gu,
    /[\u200B-\u200F\u2060-\u2064\uFEFF]{4}/gu,
    /[\u{E0020}-\u{E007E}]{8}/gu,
  ],
};
