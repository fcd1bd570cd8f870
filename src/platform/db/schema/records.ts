/** Rows of the migrations of records, signing and archive. One interface a table, composed in `RecordsTables`. */

// biome-ignore lint/suspicious/noEmptyInterface: the tables come with their migration
export interface RecordsTables {}
