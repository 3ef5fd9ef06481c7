// SPDX-License-Identifier: GPL-2.0-or-later

package meter

import (
	"sync"
	"sync/atomic"
	"time"

	"scoutfs/progress"
)

// state is what a view shows.
type state struct {
	phase   string
	unit    progress.Unit
	done    int64
	total   int64 // or progress.Unknown
	elapsed time.Duration
	ended   bool // the last of its phase
}

// rate returns units per second.
func (s *state) rate() float64 {
	if s.elapsed <= 0 {
		return 0
	}
	return float64(s.done) / s.elapsed.Seconds()
}

// view shows states. It is called by one goroutine at a time.
type view interface{ show(state) }

// counter counts and lets a view show it.
type counter struct {
	done  atomic.Int64
	total atomic.Int64

	now     func() time.Time
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex // guards what follows, and the calls of view
	view  view
	phase string // empty before the first
	unit  progress.Unit
	began time.Time
}

func start(v view, options Options, interval time.Duration) *counter {
	if options.Interval != 0 {
		interval = options.Interval
	}
	c := &counter{
		now:     options.Now,
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		view:    v,
	}
	go c.watch(interval)
	return c
}

func (c *counter) watch(interval time.Duration) {
	defer close(c.stopped)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
			c.mu.Lock()
			c.show(false)
			c.mu.Unlock()
		}
	}
}

// show is called with the lock held.
func (c *counter) show(ended bool) {
	if c.phase == "" {
		return
	}
	c.view.show(state{
		phase:   c.phase,
		unit:    c.unit,
		done:    c.done.Load(),
		total:   c.total.Load(),
		elapsed: c.now().Sub(c.began),
		ended:   ended,
	})
}

// Phase implements progress.Sink.
func (c *counter) Phase(name string, unit progress.Unit, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.show(true)
	c.done.Store(0)
	c.total.Store(total)
	c.phase, c.unit, c.began = name, unit, c.now()
	c.show(false)
}

// Add implements progress.Sink.
func (c *counter) Add(n int64) { c.done.Add(n) }

// Grow implements progress.Sink.
func (c *counter) Grow(n int64) {
	if !c.total.CompareAndSwap(progress.Unknown, n) {
		c.total.Add(n)
	}
}

// Close implements Meter.
func (c *counter) Close() {
	close(c.stop)
	<-c.stopped
	c.mu.Lock()
	defer c.mu.Unlock()
	c.show(true)
}
