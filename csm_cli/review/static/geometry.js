// Where the rows of a long list lie: measured heights where there are some, estimated ones elsewhere.

export class Geometry {
  #heights = new Float64Array(0);
  #tops = new Float64Array(1);
  #first = Infinity;

  /** Forget all: `count` rows of heights that `estimate(row)` gives. */
  reset(count, estimate) {
    this.#heights = Float64Array.from({length: count}, (_, row) => estimate(row));
    this.#tops = new Float64Array(count + 1);
    this.#first = 0;
  }

  get count() {
    return this.#heights.length;
  }
  get total() {
    return this.top(this.count);
  }

  /** Note a measured height. */
  measured(row, height) {
    if (this.#heights[row] === height) return;
    this.#heights[row] = height;
    this.#first = Math.min(this.#first, row);
  }

  height(row) {
    return this.#heights[row];
  }

  top(row) {
    for (let each = this.#first; each < this.count; each++)
      this.#tops[each + 1] = this.#tops[each] + this.#heights[each];
    this.#first = Infinity;
    return this.#tops[row];
  }

  /** The row at an offset; the first or last one beyond the ends. */
  at(offset) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
