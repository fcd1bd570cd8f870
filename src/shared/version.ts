/** Of the program, as in package.json: what is written for years says by which version. */
export const VERSION = '0.1.0';
