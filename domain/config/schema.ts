import { chroma, downloads, redis, temporal } from './engines.ts';
import { chat, cloud, models } from './intelligence.ts';
import { skills, upkeep } from './operations.ts';
import { home, processes, web } from './serving.ts';

/** Every setting, in groups. Group and key name it in the code, `env` in the world. */
export const settingGroups = {
  home,
  web,
  temporal,
  redis,
  chroma,
  models,
  cloud,
  chat,
  skills,
  upkeep,
  processes,
  downloads,
};
