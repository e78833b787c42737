import type { NextFunction, Request, RequestHandler, Response } from 'express';
import basicAuth from 'express-basic-auth';

import { TalosError } from '../domain/errors.ts';
import { callerOf } from './caller.ts';
import { clientAddress } from './client-address.ts';
import { problemType, toProblem } from './problem.ts';
import type { SignIn } from './sign-in.ts';

/** Lets through the owner's socket and whoever signs in with Basic credentials; everybody else gets UNAUTHENTICATED. */
export function requireSignIn(signIn: SignIn): RequestHandler {
  return (request, response, next) => {
    if (callerOf(request).isOwner) next();
    else checkCredentials(signIn, { request, response, next });
  };
}

type Exchange = { readonly request: Request; readonly response: Response; readonly next: NextFunction };

function checkCredentials(signIn: SignIn, { request, response, next }: Exchange): void {
  const address = clientAddress(request);
  const check = basicAuth({
    challenge: true,
    realm: 'Talos',
    authorizeAsync: true,
    authorizer(user, password, done) {
      void decide(() => signIn({ address, user, password }), { done, next });
    },
    unauthorizedResponse() {
      response.type(problemType);
      return toProblem(refusal(), request.path);
    },
  });
  void check(request, response, next);
}

type Decision = { readonly done: (error: null, isRight: boolean) => void; readonly next: NextFunction };

/** An error given to `done` would be thrown where nobody catches it, so it goes to `next`. */
async function decide(check: () => Promise<boolean>, { done, next }: Decision): Promise<void> {
  try {
    done(null, await check());
  } catch (error) {
    next(error);
  }
}

function refusal(): TalosError {
  return new TalosError('UNAUTHENTICATED', 'Sign in with BASIC_AUTH_USER and BASIC_AUTH_PASS, as Basic credentials.');
}
