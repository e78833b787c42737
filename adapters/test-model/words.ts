/**
 * Common English words by subject. Words of one subject get neighbouring vectors, so that the built-in embedder finds
 * `my dog` near `a pet`. Which words there are decides how well it does; nothing else depends on them.
 */
export const subjects = {
  animals: 'animal pet cat kitten dog puppy bird fish horse cow sheep goat pig chicken mouse rabbit lion bear wolf bee',
  family: 'family mother father parent child children son daughter brother sister uncle aunt cousin wife husband baby',
  people: 'person people man woman boy girl friend neighbour guest owner user name age born birthday married',
  body: 'body head hand foot arm leg eye ear nose mouth tooth hair skin heart blood bone stomach',
  health: 'health doctor nurse hospital medicine pill ill sick pain fever allergy allergic headache sleep tired diet',
  food: 'food eat meal breakfast lunch dinner cook kitchen recipe bread rice meat egg cheese butter salt sugar soup',
  fruit:
    'fruit apple banana orange lemon grape berry cherry vegetable potato tomato onion carrot bean nut peanut salad',
  drink: 'drink water tea coffee milk juice wine beer cup glass bottle thirsty',
  home: 'home house flat room door window wall roof floor garden bed table chair lamp key rent move live',
  clothes: 'clothes shirt coat dress shoe hat trousers sock glove wear size button',
  colours: 'colour color red green blue yellow black white brown grey pink purple dark bright',
  weather:
    'weather sun sunny rain rainy snow wind windy cloud cloudy storm sky cold warm hot temperature degree umbrella',
  nature: 'nature tree forest flower grass leaf river lake sea ocean beach mountain hill island earth moon star',
  travel: 'travel trip journey holiday vacation train station bus plane airport ticket hotel suitcase passport visit',
  driving: 'car drive road street bridge traffic wheel engine fuel bicycle motorcycle truck park map speed',
  places:
    'place city town village country paris france london england berlin germany rome italy madrid spain europe asia',
  work: 'work job office company boss colleague meeting project team task deadline career hire salary business',
  money: 'money price cost buy sell shop store market pay bank card cash cheap expensive tax bill budget invoice',
  school:
    'school teacher student lesson class learn study university exam test question answer homework science history',
  language: 'language word sentence letter speak talk say tell write read book page story poem translate meaning',
  music: 'music song sing singer dance guitar piano drum concert band radio melody album',
  art: 'art paint painting picture photo camera film movie theatre actor museum draw design',
  sport: 'sport game play player ball football tennis swim run walk race win lose score goal team exercise',
  time: 'time day week month year hour minute today tomorrow yesterday morning evening night clock calendar date',
  weekdays: 'monday tuesday wednesday thursday friday saturday sunday weekend appointment schedule remind reminder',
  months:
    'january february march april june july august september october november december spring summer autumn winter',
  numbers: 'number one two three four five six seven eight nine ten hundred thousand first second half count sum',
  computers: 'computer laptop keyboard screen software program application install update version system machine robot',
  code: 'code function variable string array loop class type error bug debug compile script library package typescript python',
  network: 'network internet server client address port host website browser link download upload online email message',
  data: 'data file folder disk memory storage database table query record backup copy delete save search index',
  security:
    'security password secret key lock unlock login account user permission attack firewall virus encrypt token',
  models:
    'model agent prompt token answer chat assistant intelligence neural train vector embedding context tool skill',
  feelings:
    'feel happy sad angry afraid love hate like enjoy favourite favorite hope worry calm bored surprise laugh cry',
  thinking: 'think know believe remember forget idea plan decide choose understand reason problem solve opinion',
  actions:
    'make build create start stop open close begin end find keep give take bring send get put use need want help',
  motion: 'go come leave arrive return stay follow turn climb fall jump fly carry push pull throw catch',
  size: 'big small large little tall short long wide narrow high low heavy light thin thick deep full empty',
  quality:
    'good bad better best worse new old young fast slow easy hard strong weak clean dirty right wrong true false',
  events: 'party wedding festival christmas gift present invite celebrate news accident fire war peace law vote',
} as const;

/** Words that say little about a text; they weigh next to nothing. */
export const fillers =
  'the a an and or but if so as at by for from in into of off on onto out over to up with about after before between ' +
  'is are was were be been am do does did has have had will would can could shall should may might must not no yes ' +
  'i you he she it we they me him her us them my your his its our their this that these those there here what which ' +
  'who whom whose when where why how all any each every some many much more most other such only own same than then ' +
  'too very just also now again please hello hi thanks thank';
