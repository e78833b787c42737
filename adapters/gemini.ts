import type { GoogleGenAI } from '@google/genai';

import type { NamedModel } from '../domain/cloud/models.ts';
import type { CloudClient, CloudPiece, CloudRequest } from '../domain/cloud/ports.ts';
import { cutOff, failureOfThrown, type GeminiCall, silent } from './gemini-failures.ts';
import { createGeminiFetch } from './gemini-fetch.ts';
import { toGeminiRequest } from './gemini-request.ts';
import { createGeminiReader } from './gemini-stream.ts';
import { watchSilence } from './ollama-silence.ts';

type GeminiOptions = {
  readonly key: string;
  readonly url?: string | undefined;
  /** Longest silence in ms. */
  readonly timeoutMs: number;
  readonly now: () => number;
};

const publicUrl = 'https://generativelanguage.googleapis.com';

/** Gemini over its HTTP interface. Nothing is tried twice: that is for whoever asks. */
export function createGemini({ key, url = publicUrl, timeoutMs, now }: GeminiOptions): CloudClient {
  const { host } = new URL(url);

  /** Runs what talks to Gemini; the client is loaded at the first call, for it is large. */
  async function connect(call: GeminiCall): Promise<GoogleGenAI> {
    const { GoogleGenAI: Client } = await import('@google/genai');
    const httpOptions = { baseUrl: url, apiVersion: 'v1', fetch: createGeminiFetch(call, now) };
    // All is named, since the client would look into the environment for what is not.
    return new Client({ apiKey: key, enterprise: false, vertexai: false, apiVersion: 'v1', httpOptions });
  }

  async function* stream(
    named: NamedModel,
    request: CloudRequest,
    signal: AbortSignal,
  ): AsyncGenerator<CloudPiece, void> {
    const call = { ...named, host, key };
    const watch = watchSilence(silent(call));
    let hasBegun = false;
    try {
      watch.wait(timeoutMs);
      const { models } = await connect(call);
      const { contents, config } = toGeminiRequest(request);
      const abortSignal = AbortSignal.any([signal, watch.signal]);
      const reader = createGeminiReader(call);
      const chunks = await models.generateContentStream({
        model: named.model,
        contents,
        config: { ...config, abortSignal },
      });
      for await (const chunk of chunks) {
        watch.pause();
        hasBegun = true;
        const pieces = reader.read(chunk);
        yield* pieces;
        if (pieces.at(-1)?.type === 'end') return;
        watch.wait(timeoutMs);
      }
      throw cutOff(call);
    } catch (thrown) {
      throw mapped(thrown, { call, signal, watched: watch.signal, hasBegun });
    } finally {
      watch.close(); // ends the request
    }
  }

  async function find(named: NamedModel, signal: AbortSignal): Promise<void> {
    const call = { ...named, host, key };
    const watch = watchSilence(silent(call));
    try {
      watch.wait(timeoutMs);
      const { models } = await connect(call);
      await models.get({ model: named.model, config: { abortSignal: AbortSignal.any([signal, watch.signal]) } });
    } catch (thrown) {
      throw mapped(thrown, { call, signal, watched: watch.signal, hasBegun: false });
    } finally {
      watch.close();
    }
  }

  return { host, stream, find };
}

type Circumstances = {
  readonly call: GeminiCall;
  readonly signal: AbortSignal;
  readonly watched: AbortSignal;
  readonly hasBegun: boolean;
};

/** An abort keeps the caller's reason. */
function mapped(thrown: unknown, { call, signal, watched, hasBegun }: Circumstances): unknown {
  if (signal.aborted) return signal.reason;
  if (watched.aborted) return watched.reason;
  return failureOfThrown(thrown, call, hasBegun);
}
