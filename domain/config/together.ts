import type { Config, ConfigProblem } from './parse.ts';

/** What is wrong with settings that are right one by one but not together, and stops the start. */
export function problemsTogether({ models, temporal }: Pick<Config, 'models' | 'temporal'>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const needs = (variable: string, value: string | undefined, missing: Omit<ConfigProblem, 'variable'>): void => {
    if (value === undefined) problems.push({ variable, ...missing });
  };
  if (models.engine === 'openai') {
    const problem = 'is not set, and LOCAL_ENGINE=openai needs it';
    needs('OPENAI_BASE_URL', models.openaiUrl, { problem, example: 'http://127.0.0.1:8000/v1' });
  }
  if (models.engine === 'embedded') {
    const problem = 'is not set, and LOCAL_ENGINE=embedded needs it';
    needs('EMBEDDED_MODEL', models.embeddedModel, { problem, example: '~/models/qwen2.5-coder-7b.gguf' });
  }
  const { tlsCert, tlsKey } = temporal;
  if (tlsKey !== undefined) {
    const problem = 'is not set, and TEMPORAL_TLS_KEY goes with it';
    needs('TEMPORAL_TLS_CERT', tlsCert, { problem, example: '/etc/talos/client.crt' });
  }
  if (tlsCert !== undefined) {
    const problem = 'is not set, and TEMPORAL_TLS_CERT goes with it';
    needs('TEMPORAL_TLS_KEY', tlsKey, { problem, example: '/etc/talos/client.key' });
  }
  return problems;
}
