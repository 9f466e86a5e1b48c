// What the writer of the report puts into the page: report.json, and where each take's sound is ("": gone).

export const report = /*report*/null;
export const sounds = /*sounds*/null;
