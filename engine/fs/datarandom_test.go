// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"

	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
	"scoutfs/internal/testsample"
)

// dataRun does random things to the data of a few files and of their models.
type dataRun struct {
	*writing
	rng   *rand.Rand
	files []*modelFile
	fewer int // blocks that were not preallocated
	step  int
}

// TestRandomDataOperations compares files with models of them, block by block,
// after every one of many random operations.
func TestRandomDataOperations(t *testing.T) {
	t.Parallel()
	for seed := range testsample.Few(4, 32) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(seed), 1))
			prealloc := []uint64{4, 8, 16, 2048}[rng.IntN(4)]
			anywhere := rng.IntN(2) == 0
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{Preallocation: prealloc, PreallocateAnywhere: anywhere})
			r := &dataRun{writing: v, rng: rng}
			for i := range 3 {
				r.files = append(r.files, &modelFile{
					ino: v.create(1, fmt.Sprint("f", i), 0o644), prealloc: prealloc, anywhere: anywhere,
				})
			}
			steps := testsample.Few(300, 2000)
			for r.step = 0; r.step < steps && !t.Failed(); r.step++ {
				r.tick()
				r.one()
			}
			r.check()
			if r.fewer > steps {
				t.Errorf("%d blocks were not preallocated", r.fewer)
			}
		})
	}
}

// place returns a random range of bytes.
func (r *dataRun) place() (off, length uint64) {
	off, length = r.rng.Uint64N(40*blockSize), 1+r.rng.Uint64N(9*blockSize)
	if r.rng.IntN(3) == 0 {
		off -= off % blockSize
	}
	return off, length
}

// span returns a random range of blocks.
func (r *dataRun) span() (first, count uint64) { return r.rng.Uint64N(44), 1 + r.rng.Uint64N(12) }

func (r *dataRun) bytes(n uint64) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.rng.Uint32()) | 1
	}
	return p
}

func (r *dataRun) one() {
	f := r.files[r.rng.IntN(len(r.files))]
	var what string
	switch n := r.rng.IntN(100); {
	case n < 25:
		what = r.write(f)
	case n < 35:
		what = r.truncate(f)
	case n < 45:
		what = r.fallocate(f)
	case n < 57:
		what = r.release(f)
	case n < 72:
		what = r.stage(f)
	case n < 80:
		what = r.stageFrom(f)
	case n < 86:
		what = r.punch(f)
	case n < 94:
		what = r.move(f, r.files[r.rng.IntN(len(r.files))])
	case n < 98:
		what = "sync"
		r.sync()
	case n < 99:
		what = "reopen"
		r.reopen()
	default:
		what = "merge"
		r.must(r.volume.Log.Merge(r.ctx, nil))
	}
	for _, f := range r.files {
		r.compare(f, what)
	}
}

// expect fails the test unless err is an errno, or nil for 0.
func (r *dataRun) expect(what string, err error, want syscall.Errno) {
	r.tb.Helper()
	if want == 0 && err != nil || want != 0 && !errors.Is(err, want) {
		r.tb.Errorf("step %d, %s: error is %v, want %v", r.step, what, err, want)
	}
}

func (r *dataRun) write(f *modelFile) string {
	off, length := r.place()
	if r.rng.IntN(2) == 0 {
		off = f.size
	}
	what := fmt.Sprintf("write %d bytes at %d of %d", length, off, f.ino)
	p := r.bytes(length)
	n, err := r.Write(r.ctx, fs.ReadWrite(f.ino), p, off)
	if f.offlineBefore(f.size) {
		r.expect(what, err, syscall.ENODATA)
		return what
	}
	r.expect(what, err, 0)
	if n != len(p) {
		r.tb.Errorf("%s: wrote %d", what, n)
	}
	f.write(p, off)
	return what
}

func (r *dataRun) truncate(f *modelFile) string {
	size := r.rng.Uint64N(40 * blockSize)
	switch r.rng.IntN(4) {
	case 0:
		size = f.size
	case 1:
		size = 0
	}
	what := fmt.Sprintf("truncate %d to %d", f.ino, size)
	err := r.Truncate(r.ctx, rootCaller(), f.ino, size)
	if size != 0 && size != f.size && f.offlineBefore(size) {
		r.expect(what, err, syscall.ENODATA)
		return what
	}
	r.expect(what, err, 0)
	f.truncate(size)
	return what
}

func (r *dataRun) fallocate(f *modelFile) string {
	off, length := r.place()
	mode := uint32(r.rng.IntN(2))
	what := fmt.Sprintf("fallocate %d bytes at %d of %d, mode %d", length, off, f.ino, mode)
	r.expect(what, r.Fallocate(r.ctx, fs.ReadWrite(f.ino), mode, off, length), 0)
	f.fallocate(off, length, mode == fs.FallocateKeepSize)
	return what
}

func (r *dataRun) release(f *modelFile) string {
	first, count := r.span()
	if r.rng.IntN(3) == 0 {
		first, count = 0, 1<<30
	}
	what := fmt.Sprintf("release %d blocks from %d of %d", count, first, f.ino)
	span := fs.ByteRange{Offset: first * blockSize, Length: count * blockSize}
	r.expect(what, r.Release(r.ctx, fs.ReadWrite(f.ino), span, f.version+1), syscall.ESTALE)
	r.expect(what, r.Release(r.ctx, fs.ReadWrite(f.ino), span, f.version), 0)
	f.release(first, count)
	return what
}

func (r *dataRun) stage(f *modelFile) string {
	first, count := r.span()
	p := f.archived(first, count)
	what := fmt.Sprintf("stage %d bytes from block %d of %d", len(p), first, f.ino)
	n, err := r.Stage(r.ctx, fs.ReadWrite(f.ino), f.version, p, first*blockSize)
	r.expect(what, err, 0)
	if n != len(p) {
		r.tb.Errorf("%s: wrote %d", what, n)
	}
	if len(p) > 0 {
		f.stage(p, first*blockSize)
	}
	return what
}

var errWrongSum = errors.New("wrong checksum")

func (r *dataRun) stageFrom(f *modelFile) string {
	first, count := r.span()
	p := f.archived(first, count)
	span := fs.ByteRange{Offset: first * blockSize, Length: uint64(len(p))}
	what := fmt.Sprintf("stage %d bytes from block %d of %d at once", len(p), first, f.ino)
	if r.rng.IntN(2) == 0 && len(p) > 0 {
		wrong := bytes.NewReader(r.bytes(uint64(len(p))))
		err := r.StageFrom(r.ctx, fs.ReadWrite(f.ino), f.version, span, wrong, func() error { return errWrongSum })
		if !errors.Is(err, errWrongSum) {
			r.tb.Errorf("%s: error is %v", what, err)
		}
		err = r.StageFrom(r.ctx, fs.ReadWrite(f.ino), f.version, span, bytes.NewReader(p[1:]), nil)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			r.tb.Errorf("%s: error is %v", what, err)
		}
		return what
	}
	r.expect(what, r.StageFrom(r.ctx, fs.ReadWrite(f.ino), f.version, span, bytes.NewReader(p), nil), 0)
	if len(p) > 0 {
		f.replace(p, span.Offset)
	}
	return what
}

func (r *dataRun) punch(f *modelFile) string {
	first, count := r.span()
	what := fmt.Sprintf("punch %d blocks from %d of %d", count, first, f.ino)
	span := fs.ByteRange{Offset: first * blockSize, Length: count * blockSize}
	err := r.PunchOffline(r.ctx, rootCaller(), fs.ReadWrite(f.ino), span, f.version, 0)
	if f.punch(first, count) {
		r.expect(what, err, syscall.EINVAL)
	} else {
		r.expect(what, err, 0)
	}
	return what
}

// extents returns a file's extents.
func (r *dataRun) extents(ino uint64) (list []fs.Extent) {
	r.tb.Helper()
	r.view(func(v *fs.FS) { list = all(r.tb, v.Extents(r.ctx, ino, 0)) })
	return list
}

func (r *dataRun) move(from, to *modelFile) string {
	first, count := r.span()
	at, _ := r.span()
	q := fs.Move{FromOffset: first * blockSize, ToOffset: at * blockSize, Length: count * blockSize, DataVersion: to.version}
	if r.rng.IntN(2) == 0 {
		q.Flags = fs.MoveStage
	}
	what := fmt.Sprintf("move %d blocks from %d of %d to %d of %d, flags %d", count, first, from.ino, at, to.ino, q.Flags)
	source, target := r.extents(from.ino), r.extents(to.ino)
	err := r.MoveBlocks(r.ctx, rootCaller(), from.ino, to.ino, q)
	stage := q.Flags == fs.MoveStage
	switch {
	case from == to:
		r.expect(what, err, syscall.EINVAL)
		return what
	case q.FromOffset >= from.size:
		r.expect(what, err, 0)
		return what
	case from.offline() > 0 || to.offline() > 0 && !stage:
		r.expect(what, err, syscall.ENODATA)
		return what
	}
	end := min(first+count, (from.size+blockSize-1)/blockSize)
	m := modelMove{from: from, to: to, first: first, end: end, at: at, stage: stage}
	moved, errno := m.run(source, target)
	r.expect(what, err, errno)
	if errno != 0 && !moved {
		return what
	}
	from.version++
	if !stage {
		to.version++
	}
	return what
}

// compare fails the test if a file is not what its model is.
func (r *dataRun) compare(f *modelFile, what string) {
	r.tb.Helper()
	in := r.inode(f.ino)
	extents := r.extents(f.ino)
	at, differs, fewer := f.differs(extents)
	r.fewer += fewer
	if differs {
		r.tb.Fatalf("step %d, %s: block %d of inode %d is not in state %d: %+v", r.step, what, at, f.ino, f.at(at).state, extents)
	}
	if e, ok := mergeable(extents); ok {
		r.tb.Errorf("step %d, %s: extent %+v of inode %d can be merged with the next", r.step, what, e, f.ino)
	}
	got := [4]uint64{in.Size, in.DataVersion, in.OnlineBlocks, in.OfflineBlocks}
	if want := [4]uint64{f.size, f.version, f.online(), f.offline()}; got != want {
		r.tb.Fatalf("step %d, %s: inode %d has size, data version, online and offline %d, want %d", r.step, what, f.ino, got, want)
	}
	want := f.read()
	data := make([]byte, f.size)
	n, err := r.ReadAt(r.ctx, f.ino, data, 0)
	switch {
	case uint64(len(want)) < f.size:
		r.expect(what, err, syscall.ENODATA)
	case err != nil && !errors.Is(err, io.EOF):
		r.expect(what, err, 0)
	}
	if !bytes.Equal(data[:n], want) {
		r.tb.Fatalf("step %d, %s: inode %d reads %d bytes, want %d, which differ from byte %d on", r.step, what, f.ino, n, len(want), firstDifference(data[:n], want))
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
