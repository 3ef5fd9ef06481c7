// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"runtime"
	"time"

	"scoutfs/engine/device"
	"scoutfs/progress"
)

// Defaults and bounds of Options.
const (
	DefaultMemory = 1 << 30
	MinMemory     = 64 << 20
	DefaultCases  = 100
)

// Options say what is checked, and how much may be used for it.
type Options struct {
	// Pair is the devices. The metadata device must be there; without the
	// data device nothing is said about what only it can tell.
	Pair device.Pair
	// Live is for a volume that may be written meanwhile. Its devices should
	// be read past the page cache.
	Live bool
	// ReadData also reads every block of the data device that a file has
	// written.
	ReadData bool

	// Memory bounds the memory in bytes for blocks, sums and sorting; 0 is
	// DefaultMemory, and at least MinMemory is used.
	Memory int64
	// TempDir is where what does not fit into memory goes; "" is os.TempDir.
	TempDir string
	// Workers is how many goroutines check and read; 0 is a number that
	// suits the machine.
	Workers int

	// Progress may be nil. Its phases are those of Summary.Phases.
	Progress progress.Sink
	// Cases is how many cases of each kind of problem the summary has; 0 is
	// DefaultCases, and none if it is negative.
	Cases int
	// Report, if not nil, takes each finding when it is known to be one, in
	// no order. It is called by one goroutine at a time, and holds up the
	// check until it returns.
	Report func(Case)

	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Seed makes the sums that stand for sets different in each run, so that
	// no volume can be made that fools them; 0 is the same sums every time.
	Seed uint64
}

func (o Options) withDefaults() Options {
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	o.Memory = max(o.Memory, MinMemory)
	o.Progress = progress.OrDiscard(o.Progress)
	if o.Workers <= 0 {
		o.Workers = max(runtime.GOMAXPROCS(0), int(min(minWorkers, o.Memory/workerMemory)))
	}
	if o.Cases == 0 {
		o.Cases = DefaultCases
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

const (
	// minWorkers lets some goroutines compute while others wait for the
	// device, if there is memory for them.
	minWorkers = 12
	// workerMemory is a little more than what a worker takes, with garbage.
	workerMemory = 8 << 20
)

// budget is how the memory is used.
type budget struct {
	blocks int64 // cache of metadata blocks
	rest   int64 // sums and sorting; buffers for file data, when those are done
}

// newBudget splits the memory. The cache has to hold the blocks above leaves
// and those being read, since every block is read once; beyond that it serves
// the passes that look closer at what differs.
func newBudget(memory int64) budget {
	blocks := memory / 4
	return budget{blocks, memory - blocks}
}
