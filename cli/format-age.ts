export { formatAge } from '../domain/format-age.ts';
