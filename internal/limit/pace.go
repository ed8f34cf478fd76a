package limit

import (
	"sync"
	"time"
)

// Pace guesses how long a question takes from how long others took for their weight. Weights mean what the caller lets
// them mean. Safe for concurrent use.
type Pace struct {
	mu   sync.Mutex
	unit map[string]float64 // nanoseconds for a weight of 1, of each kind of question
}

// NewPace makes a pace that has learnt nothing: whatever is asked takes no time.
func NewPace() *Pace { return &Pace{unit: map[string]float64{}} }

// Guess is how long a question will take.
func (p *Pace) Guess(kind string, weight float64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.unit[kind] * weight)
}

// Learn takes note of how long one took. A newer one counts for more: the machine, the data and the callers change.
func (p *Pace) Learn(kind string, weight float64, took time.Duration) {
	const share = 0.2
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unit[kind] += share * (float64(took)/weight - p.unit[kind])
}
