/** Pages for people. */
export { addConsole, type ConsoleDeps } from './console.tsx';
