// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"scoutfs/edit"
	"scoutfs/engine/format"
	"scoutfs/progress"
	"scoutfs/walk/tree"
)

// Copy copies sources, each with everything below it. A symbolic link is
// copied as itself. The error is why it was stopped: the context, or a target
// that takes nothing any more, a *fs.PathError with the source of which it did
// not; what went wrong with other single files is told.
func Copy(ctx context.Context, src tree.Tree, dst edit.Files, sources []Source, opts Options) (Result, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = DefaultJobs
	}
	inside, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &copying{
		src:    src,
		dst:    dst,
		opts:   opts,
		ctx:    inside,
		cancel: cancel,
		sink:   progress.OrDiscard(opts.Progress),
		links:  newLinks(),
		losses: make(map[loss]uint64),
	}
	c.bulk, _ = dst.(edit.Bulk)
	c.sink.Phase("copy", progress.Bytes, progress.Unknown)
	for _, s := range sources {
		if inside.Err() != nil {
			break
		}
		c.copySource(s)
	}
	return c.results(), context.Cause(inside)
}

// copying is a copy in progress.
type copying struct {
	src    tree.Tree
	dst    edit.Files
	bulk   edit.Bulk // nil if dst is none
	opts   Options
	ctx    context.Context
	cancel context.CancelCauseFunc // with what ends the copy early
	sink   progress.Sink
	links  *links

	mu     sync.Mutex // guards what follows, and calls of opts.Tell
	result Result
	losses map[loss]uint64
}

type loss struct{ what, reason string }

// found is what a walk learns about a file before its turn.
type found struct {
	attr   tree.Attr
	xattrs []tree.Xattr
}

// learn learns about a file.
func (c *copying) learn(ctx context.Context, n tree.Node, _ int) (found, error) {
	attr, err := c.src.Stat(ctx, n, tree.WantArchive)
	if err != nil {
		return found{}, err
	}
	f := found{attr: attr}
	n.Type = attr.Type()
	for x, err := range c.src.Xattrs(ctx, n, true) {
		if err != nil {
			return f, err
		}
		f.xattrs = append(f.xattrs, x)
	}
	return f, nil
}

// copySource copies a source and waits until that is done.
func (c *copying) copySource(s Source) {
	start, err := c.src.Resolve(c.ctx, s.Path, false)
	if err != nil {
		c.fail(s.Path, s.To, err)
		return
	}
	dir, name, err := edit.Parent(c.ctx, c.dst, s.To, syscall.EISDIR)
	if errors.Is(err, syscall.EISDIR) {
		// The root of the volume, "." and the like: directories as they are.
		dir, err = c.dst.Resolve(c.ctx, s.To, true)
		name = ""
	}
	if err != nil {
		c.fail(s.Path, s.To, err)
		return
	}
	jobs := make(chan *job, c.opts.Jobs)
	var workers sync.WaitGroup
	for range c.opts.Jobs {
		workers.Go(func() { c.work(jobs) })
	}
	defer workers.Wait()
	defer close(jobs)
	w := &walker{copying: c, at: c.existing(dir, nil), name: name, jobs: jobs}
	defer w.drop(w.at)
	defer w.leave(0)
	opts := tree.WalkOptions[found]{Leave: true, Look: c.learn, Enter: w.enter}
	for f, err := range tree.Walk(c.ctx, c.src, start, opts) {
		if c.ctx.Err() != nil {
			return
		}
		w.visit(f, err)
	}
}

// walker follows a walk with folders of the target.
type walker struct {
	*copying
	at    *folder   // that the copy of the start is in
	name  string    // of the copy of the start; "" if it is at itself
	stack []*folder // by depth; nil for one that could not be made
	jobs  chan<- *job
	into  tree.Attr // of the copy of the start, once that is known to be a directory
}

// parent returns the folder for what is at a depth, nil if there is none.
func (w *walker) parent(depth int) *folder {
	if depth == 0 {
		return w.at
	}
	if depth > len(w.stack) {
		return nil
	}
	return w.stack[depth-1]
}

// enter decides whether to go on below a file. It runs ahead of visit.
func (w *walker) enter(f *tree.Found[found], err error) bool {
	return (err == nil || f.Value.attr.Mode != 0) && f.Value.attr.IsDir() && !(f.Depth > 0 && w.isInto(&f.Value.attr))
}

// directory opens the folder for a directory, or nil if there cannot be one.
func (w *walker) directory(parent *folder, f *tree.Found[found]) *folder {
	name := f.Node.Name()
	if f.Depth == 0 {
		name = w.name
	}
	var made *folder
	var err error
	if f.Depth > 0 && w.isInto(&f.Value.attr) {
		err = fmt.Errorf("it is where the copy goes, and cannot be copied into itself: %w", syscall.EINVAL)
	} else {
		made, err = w.openFolder(parent, name, f)
	}
	if err == nil && f.Depth == 0 {
		if w.into, err = w.dst.Stat(w.ctx, made.node, 0); err != nil {
			w.drop(made)
		}
	}
	if err != nil {
		w.fail(f.Node.Path, tree.Join(parent.node.Path, name), err)
		return nil
	}
	w.count(func(r *Result) { r.Directories++ })
	w.copied(f.Node.Path, made.node.Path)
	return made
}

// isInto reports whether a directory is the one that the copy goes to, which
// can be below the source.
func (w *walker) isInto(a *tree.Attr) bool {
	return a.Dev != 0 && a.Dev == w.into.Dev && a.Ino == w.into.Ino
}

// visit takes what a walk came to.
func (w *walker) visit(f tree.Found[found], err error) {
	w.leave(f.Depth)
	if f.Left {
		return
	}
	attr := &f.Value.attr
	if err != nil {
		w.fail(f.Node.Path, "", err)
	}
	// Without its xattrs a file is worth having all the same.
	known := attr.Mode != 0 && !f.EntryError
	parent := w.parent(f.Depth)
	if parent == nil || !known {
		return
	}
	if attr.IsDir() {
		w.stack = append(w.stack, w.directory(parent, &f))
		return
	}
	j := &job{node: f.Node, found: f.Value, folder: parent.use(), name: f.Node.Name()}
	if f.Depth == 0 {
		j.name = w.name
	}
	j.node.Type = attr.Type()
	if attr.Type() == format.ModeRegular {
		w.sink.Grow(int64(attr.Size))
	}
	select {
	case w.jobs <- j:
	case <-w.ctx.Done():
		w.drop(j.folder)
	}
}

// leave gives up the folders at a depth and below.
func (w *walker) leave(depth int) {
	for len(w.stack) > depth {
		last := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if last != nil {
			w.drop(last)
		}
	}
}
