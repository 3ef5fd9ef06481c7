// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"scoutfs/engine/format"
)

const (
	// DefaultWorkers is how many directories are read, and how many batches
	// of entries looked at, at the same time.
	DefaultWorkers = 16
	// batchSize is how many entries are looked at as one.
	batchSize = 64
	// maxBatches is how many batches of one directory are read ahead.
	maxBatches = 8
)

// Found is a file that a walk came to.
type Found[T any] struct {
	Node  Node
	Depth int  // 0 for the root of the walk
	Value T    // what Look returned
	Left  bool // a directory, after what is below it

	// EntryError says that the error is about an entry of the directory, which
	// was yielded before and is not meant itself.
	EntryError bool
}

// WalkOptions say what a walk does.
type WalkOptions[T any] struct {
	// Look learns about a file. It runs in many goroutines, ahead of what the
	// walk yields; its error is yielded with the file. It may be nil.
	Look func(ctx context.Context, n Node, depth int) (T, error)

	// Enter decides whether to go on below a file whose node or value says
	// that it is a directory. It runs in the caller's goroutine, once for each
	// file and before it is yielded. nil enters what the node says is one.
	Enter func(f *Found[T], err error) bool

	// Leave yields each directory that was entered a second time, with Left
	// set, after everything below it.
	Leave bool

	// Workers bounds the goroutines; 0 is DefaultWorkers.
	Workers int
}

// Walk returns a file and everything below it, each directory before what is
// in it and in the directory's order. The order does not depend on how fast
// things are found out, which happens in parallel and ahead.
//
// Errors belong to the file they come with and do not end the walk; a
// directory may come once more for each of its entries that is damaged. A
// directory on devices that was walked before, which only damage explains, is
// ELOOP and not entered again. A context that ends is the last error.
func Walk[T any](ctx context.Context, t Tree, root Node, opts WalkOptions[T]) iter.Seq2[Found[T], error] {
	return func(yield func(Found[T], error) bool) {
		if opts.Workers <= 0 {
			opts.Workers = DefaultWorkers
		}
		if opts.Enter == nil {
			opts.Enter = func(f *Found[T], _ error) bool { return f.Node.IsDir() }
		}
		inside, cancel := context.WithCancel(ctx)
		w := &walker[T]{
			tree:    t,
			opts:    opts,
			ctx:     inside,
			yield:   yield,
			listers: make(chan struct{}, opts.Workers),
			lookers: make(chan struct{}, opts.Workers),
		}
		if _, untrusted := t.(*Devices); untrusted {
			w.seen = roaring64.New()
		}
		defer w.group.Wait()
		defer cancel()
		if w.walk(root) && ctx.Err() != nil {
			yield(Found[T]{Node: root}, context.Cause(ctx))
		}
	}
}

// walker is a walk in progress. What has no comment belongs to the goroutine
// of the caller.
type walker[T any] struct {
	tree  Tree
	opts  WalkOptions[T]
	ctx   context.Context
	yield func(Found[T], error) bool
	seen  *roaring64.Bitmap // directories entered; nil where none can come twice

	group   sync.WaitGroup
	listers chan struct{} // holds a value for each directory that is being read ahead
	lookers chan struct{} // holds a value for each batch that is being looked at

	mu      sync.Mutex   // guards waiting
	waiting []*folder[T] // directories to read ahead, the next one last
}

// folder is a directory whose entries are being read.
type folder[T any] struct {
	found   Found[T]
	batches chan *batch[T]

	mu    sync.Mutex // guards begun
	begun bool
}

// begin reports whether the caller is the one to read the directory.
func (f *folder[T]) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := !f.begun
	f.begun = true
	return first
}

func (f *folder[T]) hasBegun() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun
}

// batch is a run of entries. done is closed when they have been looked at.
type batch[T any] struct {
	entries []entry[T]
	done    chan struct{}
}

type entry[T any] struct {
	found  Found[T]
	err    error
	folder *folder[T] // to be walked into
}

// walk yields a file and what is below it. It returns false when nothing
// more is to be yielded.
func (w *walker[T]) walk(root Node) bool {
	b := &batch[T]{entries: []entry[T]{{found: Found[T]{Node: root}}}, done: make(chan struct{})}
	w.look(b)
	return w.visit(b)
}

// visit yields the files of a batch that were looked at, and what is below
// them.
func (w *walker[T]) visit(b *batch[T]) bool {
	w.enter(b)
	for i := range b.entries {
		e := &b.entries[i]
		if w.ctx.Err() != nil {
			return true
		}
		if !w.yield(e.found, e.err) {
			return false
		}
		if e.folder != nil && !w.descend(e.folder) {
			return false
		}
	}
	return true
}

// enter decides which files of a batch are walked into, and has them read
// ahead.
func (w *walker[T]) enter(b *batch[T]) {
	folders := 0
	for i := range b.entries {
		e := &b.entries[i]
		if !e.found.EntryError && w.opts.Enter(&e.found, e.err) && w.first(e) {
			e.folder = &folder[T]{found: e.found, batches: make(chan *batch[T], maxBatches)}
			folders++
		}
	}
	if folders == 0 {
		return
	}
	w.mu.Lock()
	w.forget()
	for _, e := range slices.Backward(b.entries) {
		if e.folder != nil {
			w.waiting = append(w.waiting, e.folder)
		}
	}
	w.mu.Unlock()
	w.readAhead()
}

// first reports whether a directory was not entered before.
func (w *walker[T]) first(e *entry[T]) bool {
	if w.seen == nil || w.seen.CheckedAdd(e.found.Node.Ino) {
		return true
	}
	e.err = fmt.Errorf("%s: %w: %w", e.found.Node.Path, syscall.ELOOP, &format.CorruptError{
		Structure: "directory tree",
		Place:     fmt.Sprintf("directory %d", e.found.Node.Ino),
		Field:     "entries that lead to it",
		Found:     "more than one",
		Expected:  "one",
	})
	return false
}

// forget drops directories that were walked into before anybody read them
// ahead. It is called with the lock held. They are always the last ones,
// since the walk goes the way that the order of waiting says.
func (w *walker[T]) forget() {
	for n := len(w.waiting); n > 0 && w.waiting[n-1].hasBegun(); n-- {
		w.waiting = w.waiting[:n-1]
	}
}

// readAhead starts to read directories that will be walked into next.
func (w *walker[T]) readAhead() {
	for {
		select {
		case w.listers <- struct{}{}:
		default:
			return
		}
		f := w.next()
		if f == nil {
			<-w.listers
			return
		}
		w.group.Go(func() {
			w.list(f)
			<-w.listers
			w.readAhead()
		})
	}
}

// next takes the directory to read ahead next.
func (w *walker[T]) next() *folder[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) > 0 {
		f := w.waiting[len(w.waiting)-1]
		w.waiting = w.waiting[:len(w.waiting)-1]
		if f.begin() {
			return f
		}
	}
	return nil
}

// descend yields what is in a directory.
func (w *walker[T]) descend(f *folder[T]) bool {
	if f.begin() {
		w.group.Go(func() { w.list(f) })
	}
	for b := range f.batches {
		<-b.done
		if !w.visit(b) {
			return false
		}
	}
	if w.ctx.Err() != nil {
		return true
	}
	if w.opts.Leave {
		f.found.Left = true
		return w.yield(f.found, nil)
	}
	return true
}

// list reads a directory and has its entries looked at, batch by batch.
func (w *walker[T]) list(f *folder[T]) {
	defer close(f.batches)
	b := &batch[T]{done: make(chan struct{})}
	full := false
	for n, err := range w.tree.ReadDir(w.ctx, f.found.Node) {
		if w.ctx.Err() != nil {
			return
		}
		e := entry[T]{found: Found[T]{Node: n, Depth: f.found.Depth + 1}}
		if err != nil {
			e = entry[T]{found: f.found, err: err}
			e.found.EntryError = true
		}
		b.entries = append(b.entries, e)
		if len(b.entries) < batchSize {
			continue
		}
		full = true
		if !w.send(f, b) {
			return
		}
		b = &batch[T]{done: make(chan struct{})}
	}
	switch {
	case len(b.entries) == 0 || w.ctx.Err() != nil:
	case full:
		w.send(f, b)
	default:
		// A small directory is not worth another goroutine.
		w.look(b)
		w.pass(f, b)
	}
}

// send has a batch looked at and passes it on.
func (w *walker[T]) send(f *folder[T], b *batch[T]) bool {
	select {
	case w.lookers <- struct{}{}:
	case <-w.ctx.Done():
		return false
	}
	w.group.Go(func() {
		w.look(b)
		<-w.lookers
	})
	return w.pass(f, b)
}

func (w *walker[T]) pass(f *folder[T], b *batch[T]) bool {
	select {
	case f.batches <- b:
		return true
	case <-w.ctx.Done():
		return false
	}
}

func (w *walker[T]) look(b *batch[T]) {
	defer close(b.done)
	if w.opts.Look == nil {
		return
	}
	for i := range b.entries {
		e := &b.entries[i]
		if !e.found.EntryError && w.ctx.Err() == nil {
			e.found.Value, e.err = w.opts.Look(w.ctx, e.found.Node, e.found.Depth)
		}
	}
}
