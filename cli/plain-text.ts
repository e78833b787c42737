export { plainLine, plainText } from '../domain/plain-text.ts';
