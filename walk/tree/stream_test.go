// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testsample"
	"scoutfs/internal/testtree"
	"scoutfs/walk/tree"
)

// randomFile returns parts of a file and its content up to the first offline
// one, where offline is not -1.
func randomFile(random *rand.Rand) (parts []testtree.Part, content []byte, offline int) {
	offline = -1
	for range random.IntN(12) {
		blocks := 1 + random.IntN(400)
		zeros := make([]byte, blocks*format.SmallBlockSize)
		switch random.IntN(12) {
		case 0, 1, 2, 3, 4, 5:
			data := zeros
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			parts = append(parts, testtree.Data(data))
			content = append(content, data...)
		case 6, 7, 8:
			parts = append(parts, testtree.Hole(uint64(blocks)))
			content = append(content, zeros...)
		case 9, 10:
			parts = append(parts, testtree.Unwritten(uint64(blocks)))
			content = append(content, zeros...)
		case 11:
			if offline == -1 {
				offline = len(content)
			}
			parts = append(parts, testtree.Offline(uint64(blocks)))
			content = append(content, zeros...)
		}
		if len(content) > 3<<20 {
			break
		}
	}
	return parts, content, offline
}

func TestStreamWritesAllThereIs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(testsample.Few(12, 40)) {
		random := rand.New(rand.NewPCG(seed, 2))
		parts, content, offline := randomFile(random)
		v := testtree.New(t, 2)
		ino := v.File(format.RootIno, "file", parts...)
		if len(content) > 0 && offline == -1 {
			// Also a file that ends inside a block, and one with extents behind its end.
			content = content[:len(content)-random.IntN(2*format.SmallBlockSize)%len(content)]
			v.Inode(ino).Size.Set(uint64(len(content)))
		}
		tr := open(t, v.Memory(), engine.Options{})
		f, err := tr.Open(t.Context(), resolve(t, tr, "/file"))
		if err != nil {
			t.Fatal(err)
		}
		want := content
		if offline >= 0 {
			want = content[:offline]
		}
		for _, reads := range []int{0, 1, 3} {
			var got bytes.Buffer
			n, err := tree.Stream(t.Context(), f, &got, tree.StreamOptions{Reads: reads})
			var stopped *fs.OfflineError
			switch {
			case offline < 0 && err != nil:
				t.Fatal(err)
			case offline >= 0 && (!errors.As(err, &stopped) || stopped.Offset != uint64(offline)):
				t.Fatalf("seed %d: %v, want an offline range at %d", seed, err, offline)
			}
			if n != uint64(len(want)) || !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("seed %d, %d reads: %d bytes, want %d; the same: %v", seed, reads, n, len(want), bytes.Equal(got.Bytes(), want))
			}
		}
	}
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestStreamEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	v.File(format.RootIno, "file", testtree.Data(make([]byte, 6<<20)), testtree.Hole(1<<40))
	tr := open(t, v.Memory(), engine.Options{})
	f, err := tr.Open(t.Context(), resolve(t, tr, "/file"))
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{0, 1 << 20, 7 << 20} {
		if _, err := tree.Stream(t.Context(), f, &failing{after}, tree.StreamOptions{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%v, want that of the pipe", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.Stream(ctx, f, io.Discard, tree.StreamOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that of the context", err)
	}
}

func TestStreamOfDamage(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	ino := v.File(format.RootIno, "file", testtree.Text("x"), testtree.Text("y"), testtree.Text("z"))
	v.Inode(ino).Size.Set(3 * format.SmallBlockSize)
	v.Item(format.DataExtentKey(ino, format.Extent{Start: 1, Len: 1}), []byte("no extent"))
	tr := open(t, v.Memory(), engine.Options{})
	f, err := tr.Open(t.Context(), resolve(t, tr, "/file"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := tree.Stream(t.Context(), f, io.Discard, tree.StreamOptions{})
	var corrupt *format.CorruptError
	if n != format.SmallBlockSize || !errors.As(err, &corrupt) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// Files of procfs have content and no size.
func TestStreamOfAFileWithoutASize(t *testing.T) {
	t.Parallel()
	const path = "/proc/self/mounts"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no procfs: %v", err)
	}
	tr := tree.OnMount()
	f, err := tr.Open(t.Context(), resolve(t, tr, path))
	if err != nil {
		t.Skipf("cannot open %s without following links: %v", path, err)
	}
	defer f.Close()
	var got bytes.Buffer
	if _, err := tree.Stream(t.Context(), f, &got, tree.StreamOptions{}); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, want %d: %v", got.Len(), len(want), err)
	}
}

func TestStreamOfSparseFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sparse")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("text"), 3<<20+5); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(9<<20 + 1); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tr := tree.OnMount()
	f, err := tr.Open(t.Context(), resolve(t, tr, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got bytes.Buffer
	if _, err := tree.Stream(t.Context(), f, &got, tree.StreamOptions{}); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, want %d: %v", got.Len(), len(want), err)
	}
}
