// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"scoutfs/progress"
	"scoutfs/walk/tree"
)

// Run extracts what is at some paths of a volume, and below, to the same
// paths below a folder, which is made if there is none. Directories on the
// way to a path are made too. A path must not lead through symbolic links.
//
// The error is what ended the extraction early; what went wrong with single
// files is told and counted. The result counts what was done until then.
func Run(ctx context.Context, src tree.Tree, paths []string, into string, opts Options) (Result, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = DefaultJobs
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e := &extraction{
		src:     src,
		opts:    opts,
		ctx:     ctx,
		cancel:  cancel,
		sink:    progress.OrDiscard(opts.Progress),
		buffers: make(chan []byte, opts.Jobs+extraBuffers),
		losses:  make(map[loss]uint64),
	}
	for range cap(e.buffers) {
		e.buffers <- nil // allocated when it is needed
	}
	err := e.run(paths, into)
	return e.results(), err
}

// extraBuffers are buffers for more than one chunk of a file at a time.
const extraBuffers = 8

// extraction is an extraction in progress.
type extraction struct {
	src    tree.Tree
	opts   Options
	ctx    context.Context
	cancel context.CancelCauseFunc // with what ends the extraction early
	sink   progress.Sink

	root    *folder     // the target
	dev     uint64      // that the target is on
	before  unix.Stat_t // the target, before anything was done to it
	touched atomic.Bool // something was added to the target itself
	state   *state
	clock   clock
	jobs    chan *job   // of the path being extracted
	ready   chan *job   // written, to be named
	buffers chan []byte // free ones
	inodes  [64]sync.Mutex

	mu     sync.Mutex // guards what follows, and calls of opts.Tell
	result Result
	losses map[loss]uint64
}

type loss struct{ what, reason string }

func (e *extraction) run(paths []string, into string) (err error) {
	if err := e.openTarget(into); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.state.close()) }()
	e.sink.Phase("extract", progress.Bytes, progress.Unknown)

	for _, p := range paths {
		if e.ctx.Err() == nil {
			e.extractPath(p)
		}
	}
	return e.end()
}

// extractPath extracts what is at a path and below, to the last name, since
// the next path may come to the same files.
func (e *extraction) extractPath(p string) {
	e.jobs, e.ready = make(chan *job, e.opts.Jobs), make(chan *job, e.opts.Jobs)
	var workers, committer sync.WaitGroup
	for range e.opts.Jobs {
		workers.Go(e.work)
	}
	committer.Go(e.commit)
	e.walk(p)
	close(e.jobs)
	workers.Wait()
	close(e.ready)
	committer.Wait()
}

// end finishes the target itself. Removing what was kept in it changes its
// times once more.
func (e *extraction) end() error {
	root := e.root.use()
	e.drop(e.root)
	defer e.drop(root)
	if e.ctx.Err() != nil {
		root.finish = false
		return context.Cause(e.ctx)
	}
	if root.finish {
		e.finishFolder(root)
	}
	defer e.restoreTimes(root)
	// The last names, and the attributes of directories.
	if err := e.sync(); err != nil {
		return err
	}
	return e.state.remove()
}

// restoreTimes undoes what keeping something in a target that is not the
// extraction's own did to its times.
func (e *extraction) restoreTimes(root *folder) {
	if root.finish || e.touched.Load() {
		return
	}
	// That it is not possible changes nothing about what was extracted.
	_ = unix.UtimesNanoAt(root.fd(), ".", []unix.Timespec{e.before.Atim, e.before.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}

// openTarget opens the folder to extract to and what is kept in it meanwhile.
func (e *extraction) openTarget(into string) error {
	err := os.Mkdir(into, 0o700)
	made := err == nil
	if err != nil && !errors.Is(err, syscall.EEXIST) {
		return err
	}
	dir, err := os.Open(into)
	if err != nil {
		return err
	}
	if err := unix.Fstat(int(dir.Fd()), &e.before); err != nil {
		return errors.Join(&os.PathError{Op: "stat", Path: into, Err: err}, dir.Close())
	}
	name, err := chooseName(e.ctx, e.src)
	if err == nil && !made {
		made, err = isEmpty(dir, name)
	}
	if err != nil {
		return errors.Join(err, dir.Close())
	}
	if e.state, err = openState(dir, name, e.opts.Identity); err != nil {
		return errors.Join(err, dir.Close())
	}
	e.clock, err = probeClock(e.state)
	if err == nil && made {
		err = e.state.claim(e.before.Ino)
	}
	if err != nil {
		return errors.Join(err, e.state.close(), dir.Close())
	}
	e.dev = e.before.Dev
	e.root = &folder{dir: dir}
	e.root.users.Store(1)
	return nil
}

// isEmpty reports whether a directory has nothing but perhaps one entry: it
// might have been made for this.
func isEmpty(dir *os.File, but string) (bool, error) {
	names, err := dir.Readdirnames(2)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return len(names) == 0 || len(names) == 1 && names[0] == but, err
}

// checkName refuses names that cannot be those of files in a folder.
func (e *extraction) checkName(f *folder, name string) error {
	if f.parent == nil && name == e.state.name {
		return fmt.Errorf("%s is in use by the extraction itself: %w", name, syscall.EBUSY)
	}
	return checkName(name)
}

// walk extracts what is at a path and below.
func (e *extraction) walk(p string) {
	at, start, err := e.reach(p)
	if err != nil {
		e.fail(tree.Node{Path: p}, err)
		return
	}
	defer e.drop(at)
	w := &walker{extraction: e, at: at}
	defer w.leave(0)
	opts := tree.WalkOptions[tree.Attr]{
		Leave: true,
		Look: func(ctx context.Context, n tree.Node, _ int) (tree.Attr, error) {
			return e.src.Stat(ctx, n, tree.WantArchive|tree.WantProject)
		},
		Enter: func(f *tree.Found[tree.Attr], err error) bool {
			return err == nil && f.Value.IsDir() && !e.isTarget(&f.Value) || err != nil && f.Node.IsDir()
		},
	}
	for f, err := range tree.Walk(e.ctx, e.src, start, opts) {
		if e.ctx.Err() != nil {
			return
		}
		w.visit(f, err)
	}
}

// isTarget reports whether a directory is the folder that is extracted to,
// which can be in the tree itself if that is mounted.
func (e *extraction) isTarget(a *tree.Attr) bool {
	return a.Dev == e.before.Dev && a.Ino == e.before.Ino
}

// reach makes the folders on the way to a path. It returns the last of them,
// which the caller drops, and the node at the end of the path.
func (e *extraction) reach(p string) (at *folder, n tree.Node, err error) {
	at = e.root.use()
	done := "/"
	names := strings.FieldsFunc(path.Clean("/"+p), func(r rune) bool { return r == '/' })
	for i := 0; ; i++ {
		n, err = e.src.Resolve(e.ctx, done, false)
		if err == nil && i == len(names) {
			return at, n, nil
		}
		var attr tree.Attr
		if err == nil {
			attr, err = e.src.Stat(e.ctx, n, tree.WantArchive|tree.WantProject)
		}
		switch {
		case err != nil:
		case attr.IsSymlink():
			err = fmt.Errorf("%s is a symbolic link; name the directory it leads to: %w", done, syscall.ELOOP)
		case !attr.IsDir():
			err = fmt.Errorf("%s: %w", done, syscall.ENOTDIR)
		case i == 0:
			e.adoptRoot(n, attr)
		default:
			var next *folder
			if next, err = e.open(at, n, attr, true); err == nil {
				e.drop(at)
				at = next
			}
		}
		if err != nil {
			e.drop(at)
			return nil, n, err
		}
		done = tree.Join(done, names[i])
	}
}

// adoptRoot makes the target the folder of the volume's root.
func (e *extraction) adoptRoot(n tree.Node, attr tree.Attr) {
	e.root.node, e.root.attr = n, attr
	// One that has all attributes already, but perhaps its times, may be of an
	// extraction that was interrupted just before it had them too.
	have := e.before.Mode == attr.Mode && e.before.Uid == attr.UID && e.before.Gid == attr.GID
	e.root.finish = have || e.opts.Overwrite || e.state.claimed(e.before.Ino)
}

// walker follows a walk with folders of the target.
type walker struct {
	*extraction
	at    *folder   // that the start is in
	stack []*folder // by depth; nil for one that could not be opened
}

// visit takes what a walk came to.
func (w *walker) visit(f tree.Found[tree.Attr], err error) {
	switch {
	case f.Left:
		w.leave(f.Depth)
		return
	case f.EntryError:
		w.fail(f.Node, err)
		return
	}
	w.leave(f.Depth)
	parent := w.at
	if f.Depth > 0 {
		if f.Depth > len(w.stack) || w.stack[f.Depth-1] == nil {
			return // below what was told to have failed
		}
		parent = w.stack[f.Depth-1]
	}
	isDir := f.Value.IsDir()
	if err == nil && isDir && w.isTarget(&f.Value) {
		err = fmt.Errorf("it is the folder that is extracted to: %w", syscall.ELOOP)
	}
	if err != nil {
		w.fail(f.Node, err)
	}
	if err != nil {
		// What is below a directory can be extracted even if nothing is known
		// of itself.
		isDir = f.Node.IsDir() && !errors.Is(err, syscall.ELOOP)
		f.Value = tree.Attr{Mode: f.Node.Type}
	}
	switch {
	case isDir:
		w.stack = append(w.stack, w.enterDirectory(parent, &f, err == nil))
	case err == nil:
		w.submit(&job{node: f.Node, attr: f.Value, folder: parent.use(), name: f.Node.Name()})
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

// enterDirectory returns the folder of a directory, nil if there is none.
func (w *walker) enterDirectory(parent *folder, f *tree.Found[tree.Attr], known bool) *folder {
	if f.Depth == 0 && parent == w.root && path.Clean("/"+f.Node.Path) == "/" {
		w.adoptRoot(f.Node, f.Value)
		w.count(func(r *Result) { r.Directories++ })
		return w.root.use()
	}
	next, err := w.open(parent, f.Node, f.Value, known)
	if err != nil {
		w.fail(f.Node, err)
		return nil
	}
	w.count(func(r *Result) { r.Directories++ })
	return next
}

// submit hands a job to the workers.
func (e *extraction) submit(j *job) {
	e.sink.Grow(int64(j.attr.OnlineBytes()))
	select {
	case e.jobs <- j:
	case <-e.ctx.Done():
		e.drop(j.folder)
	}
}

// work does jobs until there are no more.
func (e *extraction) work() {
	for j := range e.jobs {
		if e.ctx.Err() != nil {
			e.drop(j.folder)
			continue
		}
		waits, err := e.extract(j)
		if err != nil {
			e.fail(j.node, err)
		}
		if left := int64(j.attr.OnlineBytes()) - j.copied.Load(); left > 0 {
			e.sink.Add(left)
		}
		if err == nil && waits {
			e.ready <- j
			continue
		}
		e.drop(j.folder)
	}
}

// written counts bytes of a file.
func (e *extraction) written(j *job, n int) {
	j.copied.Add(int64(n))
	e.sink.Add(int64(n))
	e.count(func(r *Result) { r.Bytes += uint64(n) })
}

// count changes the result.
func (e *extraction) count(change func(*Result)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.result)
}

// tell passes an event on. It is called with the lock held.
func (e *extraction) tell(ev Event) {
	if e.opts.Tell != nil {
		e.opts.Tell(ev)
	}
}

// fail tells that something was not extracted. A target that takes nothing
// any more ends the extraction.
func (e *extraction) fail(n tree.Node, err error) {
	if e.ctx.Err() != nil && (errors.Is(err, context.Cause(e.ctx)) || errors.Is(err, context.Canceled)) {
		return // that it was stopped is told at the end
	}
	for _, fatal := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		if errors.Is(err, fatal) {
			e.cancel(err)
			return
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.result.Failed++
	e.tell(Event{Kind: Failed, Path: n.Path, Ino: n.Ino, Err: err})
}

// notKept counts a part of a file's attributes that the target does not
// take, and tells the first of each kind.
func (e *extraction) notKept(n tree.Node, what string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := loss{what, reason(err)}
	if e.losses[key]++; e.losses[key] == 1 {
		e.tell(Event{Kind: NotKept, Path: n.Path, Ino: n.Ino, What: what, Err: err})
	}
}

// tellOffline tells of a file with offline parts.
func (e *extraction) tellOffline(j *job, skipped bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j.attr.State() == tree.StateOffline {
		e.result.Offline++
	} else {
		e.result.Partial++
	}
	if skipped {
		e.result.OfflineSkipped++
	}
	e.tell(Event{
		Kind:         Offline,
		Path:         j.node.Path,
		Ino:          j.attr.Ino,
		Size:         j.attr.Size,
		OnlineBytes:  j.attr.OnlineBytes(),
		OfflineBytes: j.attr.OfflineBytes(),
		Skipped:      skipped,
		Ranges:       j.offline,
	})
}

// results returns the counts.
func (e *extraction) results() Result {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.result
	for key, n := range e.losses {
		r.NotKept = append(r.NotKept, Loss{key.what, key.reason, n})
	}
	slices.SortFunc(r.NotKept, func(a, b Loss) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Reason, b.Reason))
	})
	return r
}
