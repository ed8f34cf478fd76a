package mem

import (
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// blocksPerCore is how many blocks are worked on in one go: enough that the cores seldom wait for the last one, few
// enough that the first results come soon.
const blocksPerCore = 8

// blockwise runs work over the hits, those of one block at a time and several blocks at once, and yields the results
// in order. While a result is being looked at nothing runs. It stops after the first error.
func blockwise[R any](hits iter.Seq2[hit, error], work func([]hit) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		cores := runtime.GOMAXPROCS(0)
		for blocks, err := range byBlocks(hits, cores*blocksPerCore) {
			results := make([]R, len(blocks))
			if err == nil {
				var group errgroup.Group
				group.SetLimit(cores)
				for i, block := range blocks {
					group.Go(func() (err error) {
						results[i], err = work(block)
						return err
					})
				}
				err = group.Wait()
			}
			if err != nil {
				yield(*new(R), err)
				return
			}
			for _, r := range results {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// byBlocks gathers hits that follow one another by their block, and gives n blocks at a time.
func byBlocks(hits iter.Seq2[hit, error], n int) iter.Seq2[[][]hit, error] {
	return func(yield func([][]hit, error) bool) {
		var blocks [][]hit
		for h, err := range hits {
			if err != nil {
				yield(nil, err)
				return
			}
			last := len(blocks) - 1
			if last >= 0 && blocks[last][0].block == h.block {
				blocks[last] = append(blocks[last], h)
				continue
			}
			if len(blocks) == n {
				if !yield(blocks, nil) {
					return
				}
				blocks = nil
			}
			blocks = append(blocks, append(make([]hit, 0, len(h.block.heads)), h))
		}
		if len(blocks) > 0 {
			yield(blocks, nil)
		}
	}
}
