export { formatTime } from '../domain/format-time.ts';
