// SPDX-License-Identifier: GPL-2.0-or-later

package extract_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
	"scoutfs/walk/extract"
	"scoutfs/walk/tree"
)

// childVariable makes the test's program an extraction that can be killed.
const childVariable = "SCOUTFS_TEST_EXTRACT"

func TestMain(m *testing.M) {
	if words := os.Getenv(childVariable); words != "" {
		os.Exit(child(strings.Split(words, "\n")))
	}
	os.Exit(m.Run())
}

func child(words []string) int {
	ctx := context.Background()
	volume, err := engine.Open(ctx, words[0], words[1], engine.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer volume.Close()
	r, err := extract.Run(ctx, tree.OnDevices(volume), []string{"/"}, words[2], extract.Options{Jobs: 3, NoSync: true})
	if err != nil || r.Failed > 0 {
		fmt.Println(r, err)
		return 1
	}
	return 0
}

// forest is a volume with many small files, some of them linked, some in
// directories that nobody may write to.
func forest(t testing.TB) *testtree.Volume {
	v := everything(t)
	random := rand.New(rand.NewPCG(1, 1))
	dirs := []uint64{format.RootIno}
	var files []uint64
	for i := range 400 {
		dir := dirs[random.IntN(len(dirs))]
		name := fmt.Sprintf("n%d", i)
		switch random.IntN(8) {
		case 0:
			sub := v.Dir(dir, name)
			v.Inode(sub).Mode.Set(format.ModeDirectory | []uint32{0o755, 0o500, 0o2775}[random.IntN(3)])
			v.Inode(sub).Mtime.Set(testtree.Created().Add(time.Duration(i) * time.Minute))
			dirs = append(dirs, sub)
		case 1:
			if len(files) > 0 {
				v.Link(dir, name, files[random.IntN(len(files))])
			}
		case 2:
			v.Symlink(dir, name, "../"+name)
		default:
			text := strings.Repeat(name, random.IntN(3000))
			files = append(files, v.File(dir, name, testtree.Hole(uint64(random.IntN(3))), testtree.Text(text)))
		}
	}
	return v
}

// An extraction that is stopped by its context again and again ends with the
// same as one that is not.
func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	needRoot(t)
	src := open(t, forest(t))
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 3))
		into := filepath.Join(t.TempDir(), "into")
		stopped := 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			left := atomic.Int64{}
			left.Store(random.Int64N(150))
			opts := extract.Options{
				NoSync:   true,
				Jobs:     1 + random.IntN(6),
				Identity: "this volume",
				Progress: &sink{add: func(int64) {
					if left.Add(-1) == 0 && stopped < 12 {
						cancel()
					}
				}},
			}
			r, err := extract.Run(ctx, src, []string{"/"}, into, opts)
			cancel()
			if err == nil {
				if r.Failed > 0 {
					t.Fatalf("%+v", r)
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			stopped++
		}
		if stopped == 0 {
			t.Error("it was never stopped")
		}
		same(t, src, "/", into)
	}
}

// The same with a process that is killed.
func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	needRoot(t)
	v := forest(t)
	src := open(t, v)
	meta, data := v.Write(t.TempDir())
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	extraction := func(ctx context.Context, into string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, program)
		cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{meta, data, into}, "\n"))
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGKILL) }
		return cmd
	}
	// How long it takes undisturbed says when to kill it.
	whole := time.Hour
	for range 2 {
		into := filepath.Join(t.TempDir(), "into")
		begun := time.Now()
		if out, err := extraction(t.Context(), into).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		whole = min(whole, time.Since(begun))
		same(t, src, "/", into)
	}
	random := rand.New(rand.NewPCG(4, 4))
	killed := 0
	for range 2 {
		into := filepath.Join(t.TempDir(), "into")
		for range 6 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(whole))))
			if err := extraction(ctx, into).Run(); err != nil {
				killed++
			}
			cancel()
		}
		if out, err := extraction(t.Context(), into).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		same(t, src, "/", into)
	}
	t.Logf("killed %d of 12 times, an undisturbed run took %v", killed, whole)
}

// What an extraction of another volume left behind is not mixed up with this
// one's.
func TestLeftoversOfAnotherVolume(t *testing.T) {
	t.Parallel()
	volume := func(text string) tree.Tree {
		v := testtree.New(t, 2)
		file := v.File(format.RootIno, "a", testtree.Text(text))
		v.Link(format.RootIno, "b", file)
		return open(t, v)
	}
	into := filepath.Join(t.TempDir(), "into")
	ctx, cancel := context.WithCancel(t.Context())
	opts := extract.Options{NoSync: true, Jobs: 1, Identity: "one", Progress: &sink{add: func(int64) { cancel() }}}
	if _, err := extract.Run(ctx, volume("one"), []string{"/a"}, into, opts); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	other := volume("two")
	r, err := extract.Run(t.Context(), other, []string{"/b"}, into, extract.Options{NoSync: true, Identity: "two"})
	if err != nil || r.Failed > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if text, err := os.ReadFile(filepath.Join(into, "b")); err != nil || string(text) != "two" {
		t.Errorf("b holds %q, %v", text, err)
	}
}
