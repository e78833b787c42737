/** How one kind of failure shows at every edge: HTTP status, whether Temporal retries it, CLI exit code. */
type ErrorEntry = {
  readonly httpStatus: number;
  readonly retryable: boolean;
  readonly exitCode: number;
  readonly title: string;
};

/**
 * Every failure a caller can meet. Codes are stable: clients branch on them.
 * Exit codes follow sysexits(3): 64 usage, 69 unavailable, 70 internal, 74 I/O, 75 try again, 77 refused, 78 configuration.
 */
export const errorCatalogue = {
  VALIDATION_FAILED: { httpStatus: 400, retryable: false, exitCode: 64, title: 'The request is not valid' },
  BODY_NOT_JSON: { httpStatus: 400, retryable: false, exitCode: 64, title: 'The body is not JSON' },
  BODY_TOO_LARGE: { httpStatus: 413, retryable: false, exitCode: 64, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: {
    httpStatus: 415,
    retryable: false,
    exitCode: 64,
    title: 'The content type is not supported',
  },
  NOT_FOUND: { httpStatus: 404, retryable: false, exitCode: 64, title: 'There is no such thing' },
  METHOD_NOT_ALLOWED: { httpStatus: 405, retryable: false, exitCode: 64, title: 'The method is not allowed here' },
  UNAUTHENTICATED: { httpStatus: 401, retryable: false, exitCode: 77, title: 'Sign in first' },
  ORIGIN_REFUSED: { httpStatus: 403, retryable: false, exitCode: 77, title: 'This origin may not call Talos' },
  TOO_MANY_REQUESTS: { httpStatus: 429, retryable: true, exitCode: 75, title: 'Too many requests' },
  IDEMPOTENCY_CONFLICT: {
    httpStatus: 409,
    retryable: false,
    exitCode: 64,
    title: 'The idempotency key belongs to another message',
  },
  MESSAGE_TOO_LONG: { httpStatus: 422, retryable: false, exitCode: 64, title: 'The message is too long' },
  FIREWALL_BLOCKED: { httpStatus: 403, retryable: false, exitCode: 77, title: 'The firewall blocked the message' },
  CONVERSATION_ON_HOLD: { httpStatus: 423, retryable: false, exitCode: 77, title: 'The conversation is on hold' },
  LOCKDOWN: { httpStatus: 423, retryable: false, exitCode: 77, title: 'Talos is locked down' },
  MESSAGE_STOPPED: { httpStatus: 409, retryable: false, exitCode: 75, title: 'The message was stopped' },
  MODEL_UNAVAILABLE: { httpStatus: 503, retryable: true, exitCode: 69, title: 'No model can answer' },
  MODEL_MISSING: { httpStatus: 503, retryable: false, exitCode: 69, title: 'The model is not installed' },
  MODEL_REFUSED: { httpStatus: 502, retryable: false, exitCode: 69, title: 'The model refused the request' },
  MODEL_TIMEOUT: { httpStatus: 504, retryable: true, exitCode: 75, title: 'The model took too long' },
  MODEL_UNKNOWN: { httpStatus: 404, retryable: false, exitCode: 64, title: 'The registry has no such model' },
  PULL_FAILED: { httpStatus: 502, retryable: true, exitCode: 69, title: 'The model could not be pulled' },
  PULL_CORRUPT: { httpStatus: 502, retryable: false, exitCode: 69, title: 'The model that came is not what was named' },
  DISK_FULL: { httpStatus: 507, retryable: false, exitCode: 74, title: 'The disk has not enough room' },
  MODEL_IN_USE: { httpStatus: 409, retryable: false, exitCode: 64, title: 'The model is in use' },
  IMAGE_INVALID: { httpStatus: 422, retryable: false, exitCode: 64, title: 'The image cannot be used' },
  VISION_MISSING: { httpStatus: 422, retryable: false, exitCode: 69, title: 'No model here can see images' },
  REPLY_INVALID: {
    httpStatus: 502,
    retryable: false,
    exitCode: 69,
    title: 'The model did not keep to the form asked for',
  },
  CLOUD_NOT_CONFIGURED: { httpStatus: 503, retryable: false, exitCode: 78, title: 'No cloud model is set up' },
  CLOUD_UNAVAILABLE: { httpStatus: 503, retryable: true, exitCode: 69, title: 'The cloud model cannot be reached' },
  CLOUD_PAUSED: { httpStatus: 503, retryable: false, exitCode: 75, title: 'The cloud model is left alone for a while' },
  CLOUD_BUDGET_SPENT: { httpStatus: 429, retryable: false, exitCode: 75, title: 'The cloud budget of today is spent' },
  CLOUD_REFUSED: { httpStatus: 502, retryable: false, exitCode: 69, title: 'The cloud refused the request' },
  CLOUD_BLOCKED: { httpStatus: 422, retryable: false, exitCode: 77, title: 'The cloud model blocked the answer' },
  GPU_BUSY: { httpStatus: 503, retryable: true, exitCode: 75, title: 'The GPU stayed busy' },
  STORE_UNAVAILABLE: {
    httpStatus: 503,
    retryable: true,
    exitCode: 69,
    title: 'The conversation store cannot be reached',
  },
  STORE_FULL: { httpStatus: 507, retryable: true, exitCode: 74, title: 'The conversation store is full' },
  VECTORS_UNAVAILABLE: { httpStatus: 503, retryable: true, exitCode: 69, title: 'The vector store cannot be reached' },
  AUDIT_UNAVAILABLE: { httpStatus: 507, retryable: true, exitCode: 74, title: 'The audit log cannot be written' },
  REPORT_CHANGED: { httpStatus: 409, retryable: false, exitCode: 70, title: 'The report is not what was signed' },
  REPORTS_UNAVAILABLE: { httpStatus: 507, retryable: true, exitCode: 74, title: 'Reports cannot be read or written' },
  AUDIT_BROKEN: { httpStatus: 500, retryable: false, exitCode: 70, title: 'The audit log does not verify' },
  RUNTIME_UNAVAILABLE: { httpStatus: 503, retryable: true, exitCode: 69, title: 'Temporal cannot be reached' },
  SKILL_INVALID: { httpStatus: 422, retryable: false, exitCode: 64, title: 'The skill is not valid' },
  SKILL_CHANGED: { httpStatus: 409, retryable: false, exitCode: 77, title: 'The skill is not what was approved' },
  SKILL_NOT_READY: { httpStatus: 409, retryable: false, exitCode: 77, title: 'The skill is not in the state for this' },
  SKILLS_UNAVAILABLE: {
    httpStatus: 507,
    retryable: true,
    exitCode: 74,
    title: 'The folder of skills cannot be used',
  },
  SKILL_FAILED: { httpStatus: 422, retryable: false, exitCode: 70, title: 'The skill failed' },
  RUN_STOPPED: { httpStatus: 409, retryable: false, exitCode: 75, title: 'The run was stopped' },
  PERMISSION_DENIED: { httpStatus: 403, retryable: false, exitCode: 77, title: 'The skill has no permission for this' },
  HOST_UNAVAILABLE: {
    httpStatus: 502,
    retryable: true,
    exitCode: 69,
    title: 'A host the skill asked for cannot be reached',
  },
  SANDBOX_UNAVAILABLE: {
    httpStatus: 503,
    retryable: false,
    exitCode: 69,
    title: 'No sandbox has been shown to hold on this machine',
  },
  SANDBOX_FAILED: { httpStatus: 503, retryable: true, exitCode: 69, title: 'The sandbox could not run' },
  APPROVAL_REFUSED: { httpStatus: 403, retryable: false, exitCode: 77, title: 'The approval code is not accepted' },
  APPROVAL_LOCKED: { httpStatus: 429, retryable: true, exitCode: 75, title: 'Too many wrong approval codes' },
  APPROVAL_UNDELIVERED: {
    httpStatus: 503,
    retryable: true,
    exitCode: 69,
    title: 'The approval code did not reach the owner',
  },
  SHUTTING_DOWN: { httpStatus: 503, retryable: true, exitCode: 75, title: 'Talos is shutting down' },
  CONFIG_INVALID: { httpStatus: 500, retryable: false, exitCode: 78, title: 'The configuration is not valid' },
  PORT_IN_USE: { httpStatus: 500, retryable: false, exitCode: 69, title: 'A port is in use' },
  ENGINE_MISSING: { httpStatus: 503, retryable: false, exitCode: 69, title: 'An engine is missing' },
  ENGINE_FAILED: { httpStatus: 503, retryable: true, exitCode: 69, title: 'An engine does not run' },
  DOWNLOAD_FAILED: { httpStatus: 502, retryable: true, exitCode: 69, title: 'A download failed' },
  CHECKSUM_MISMATCH: { httpStatus: 502, retryable: false, exitCode: 69, title: 'A download is not what it should be' },
  NOT_RUNNING: { httpStatus: 503, retryable: true, exitCode: 69, title: 'Talos is not running' },
  ALREADY_RUNNING: { httpStatus: 409, retryable: false, exitCode: 64, title: 'Talos is running already' },
  INTERNAL: { httpStatus: 500, retryable: false, exitCode: 70, title: 'Something went wrong inside Talos' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

/** Small, plain facts for the reader of an error: never secrets, never message texts. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * The one error class. Branch on `code`, never on `message`. The message says what happened, to which id, and what to do;
 * `details.field` names the offending field and `details.fix` the command that mends it, where there is one.
 */
export class TalosError extends Error {
  override readonly name = 'TalosError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

/** Tells whether a string is one of our codes; for errors that crossed a process as JSON. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCatalogue, code);
}

/** Wraps whatever was thrown; a TalosError passes unchanged, anything else becomes INTERNAL with its cause kept. */
export function toTalosError(thrown: unknown): TalosError {
  if (thrown instanceof TalosError) return thrown;
  return new TalosError('INTERNAL', 'Something went wrong inside Talos; the log has the cause.', { cause: thrown });
}
