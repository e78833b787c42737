import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';

import type { NextFunction, RequestHandler, Response } from 'express';

import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import { callerOf } from './caller.ts';

/** What a page of another allowed origin may send and see. */
const sharing = {
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Expose-Headers': 'Idempotent-Replay, Location, Retry-After, X-Correlation-Id',
  Vary: 'Origin',
};
const preflight = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  'Access-Control-Max-Age': '600',
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine reaches an address, in whatever way it is written: ::ffff:127.0.0.1 is 127.0.0.1. */
export function isLoopbackAddress(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * Keeps pages of other origins from acting with the owner's browser, and other names for this address (DNS rebinding) from
 * reaching a Talos bound to loopback. A request without Origin comes from no page and passes; `null` is nobody's origin.
 */
export function createOriginCheck(web: Config['web']): RequestHandler {
  const configured = web.origins.split(',').flatMap((text) => (text.trim() === '' ? [] : [new URL(text.trim())]));
  const origins = new Set(configured.map((url) => url.origin));
  const hosts = new Set(configured.map((url) => url.host));
  const isLoopback = isLoopbackAddress(web.bind);

  return (request, response, next) => {
    if (callerOf(request).isOwner) return next();
    const own = ownHosts(request);
    const host = request.headers.host?.toLowerCase() ?? '';
    if (isLoopback && !own.includes(host) && !hosts.has(host)) throw refuseHost();
    const origin = request.headers.origin;
    if (origin === undefined) return next();
    const isAllowed = origins.has(origin) || own.some((name) => origin === `http://${name}`);
    if (isAllowed) share(request, response.set('Access-Control-Allow-Origin', origin), next);
    else if (changesSomething(request)) throw refuseOrigin();
    else next();
  };
}

/** Lets a page of an allowed origin see the answer; the question whether it may ask is answered here. */
function share(request: IncomingMessage, response: Response, next: NextFunction): void {
  response.set(sharing);
  if (isPreflight(request)) response.set(preflight).status(204).end();
  else next();
}

/** Names this connection was made to. An address cannot be rebound, so the one it arrived at is as good as localhost. */
function ownHosts({ socket: { localPort, localAddress = '' } }: IncomingMessage): string[] {
  const address = localAddress.replace(/^::ffff:/, '');
  const names = ['localhost', '127.0.0.1', '[::1]', address.includes(':') ? `[${address}]` : address];
  return names.map((name) => `${name}:${localPort}`);
}

/** An upgrade opens a channel that no later check guards; a preflight asks for leave to change something. */
function changesSomething(request: IncomingMessage): boolean {
  return !['GET', 'HEAD'].includes(request.method ?? '') || callerOf(request).upgrade !== undefined;
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function refuseHost(): TalosError {
  const text = 'The Host header names another host; call Talos as localhost, or add your address to WEB_ORIGINS.';
  return new TalosError('ORIGIN_REFUSED', text);
}

function refuseOrigin(): TalosError {
  return new TalosError(
    'ORIGIN_REFUSED',
    'A page of this origin may not call Talos; add it to WEB_ORIGINS to allow it.',
  );
}
