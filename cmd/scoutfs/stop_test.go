// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
)

// stopsEnv is how often each command is stopped, and stopFilesEnv how many
// files it has to work on; see the Makefile.
const (
	stopsEnv     = "SCOUTFS_STOP_RUNS"
	stopFilesEnv = "SCOUTFS_STOP_FILES"
)

func fromEnv(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q", name, text)
	}
	return n
}

// stopped is a command that is stopped at a random moment.
type stopped struct {
	name  string
	base  func() volume // what it begins with
	words func(v volume) []string
	stdin string
	tell  string // an option to hear of each file, if there is one
	// partly reports whether a file may be neither as it was nor as it will
	// be. nil is no file.
	partly func(path string, s fileState) bool
	// timeless reports whether the times of a file are those of the run.
	timeless func(s fileState) bool
	// again is an exit status that running it again may have: of one that
	// names what is not there any more, or adds what is there then.
	again int
}

const smallFile = "/f"

// TestStoppedCommandsLeaveWhatWasCommitted stops each command that changes a
// volume and can take long, as Ctrl-C and as the machine does it. Each file
// then is as it was or as it will be, and running the command again completes
// it.
func TestStoppedCommandsLeaveWhatWasCommitted(t *testing.T) {
	t.Parallel()
	all := stoppedCommands(t)
	if os.Getenv(stopsEnv) == "" {
		all = testsample.Of(all, 6)
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			c.test(t)
		})
	}
}

// TestCommandsWhoseOutputIsClosedLeaveWhatWasCommitted does the same with
// commands that tell of each file, to nobody.
func TestCommandsWhoseOutputIsClosedLeaveWhatWasCommitted(t *testing.T) {
	t.Parallel()
	for _, c := range stoppedCommands(t) {
		if c.tell == "-v" || c.tell != "" && testsample.All() {
			t.Run(c.name, func(t *testing.T) {
				c.testClosed(t)
			})
		}
	}
}

// TestAStoppedRecoveryIsCompleted stops the recovery of a volume whose mount
// died.
func TestAStoppedRecoveryIsCompleted(t *testing.T) {
	t.Parallel()
	img := testimage.Get(t, "dirty")
	c := stopped{
		name: "recover", base: func() volume { return volume{img.Meta, img.Data} },
		words: func(v volume) []string { return []string{"recover", "--no-watch", v.meta, v.data} },
	}
	c.test(t)
}

// stoppedCommands are commands that are stopped, with what they need made when
// it is asked for.
func stoppedCommands(t *testing.T) []stopped {
	t.Helper()
	source := stopTree(t, fromEnv(t, stopFilesEnv, 150))
	all := func(words ...string) func(v volume) []string {
		return func(v volume) []string { return append(slices.Clone(words), v.options()...) }
	}
	empty := sync.OnceValue(func() volume { return makeVolume(t, "8G", "8G") })
	full := sync.OnceValue(func() volume {
		v := empty().clone(t)
		succeed(t, program(t, "", append([]string{"cp", "-r", source, "/tree"}, v.options()...)...))
		succeed(t, program(t, "", append([]string{"mkdir", "/to"}, v.options()...)...))
		return v
	})
	released := sync.OnceValue(func() volume {
		v := full().clone(t)
		succeed(t, program(t, "", all("release", "-r", "--any-version", "/tree")(v)...))
		return v
	})
	logs := sync.OnceValue(func() volume {
		v := full().clone(t)
		for _, mode := range []string{"600", "640", "644"} {
			succeed(t, program(t, "", all("chmod", "-R", mode, "/tree")(v)...))
		}
		return v
	})
	var rules strings.Builder
	for i := range fromEnv(t, stopFilesEnv, 150) {
		fmt.Fprintf(&rules, "7 %d,L,- 15,L,- 17,L,- I 33 -\n", i+1)
	}
	ruled := sync.OnceValue(func() volume {
		v := empty().clone(t)
		succeed(t, program(t, rules.String(), all("quota-restore")(v)...))
		return v
	})
	longer := sync.OnceValue(func() volume {
		v := full().clone(t)
		for _, device := range []string{v.meta, v.data} {
			if err := os.Truncate(device, 16<<30); err != nil {
				t.Fatal(err)
			}
		}
		return v
	})
	paths := func(v volume) (list []string) {
		for d := range dirsOf(fromEnv(t, stopFilesEnv, 150)) {
			list = append(list, fmt.Sprintf("/tree/d%d", d))
		}
		return list
	}
	large := func(path string, _ fileState) bool { return strings.HasSuffix(path, "large") }
	directory := func(s fileState) bool { return s.contents }
	anyone := func(fileState) bool { return true }
	return []stopped{
		{
			name: "cp", tell: "-v", base: empty, words: all("cp", "-rT", source, "/tree"),
			// Only small files are made with all that they have.
			partly:   func(path string, s fileState) bool { return !strings.Contains(path, smallFile) },
			timeless: func(s fileState) bool { return false },
		},
		{name: "release", tell: "--output=jsonl", base: full, words: all("release", "-r", "--any-version", "/tree"), partly: large},
		{name: "stage", tell: "--output=jsonl", base: released, words: all("stage", "-r", "--any-version", source, "/tree"), partly: large},
		{name: "rm", tell: "-v", base: full, words: all("rm", "-rf", "/tree"), partly: large, timeless: directory},
		{name: "chmod", base: full, words: all("chmod", "-R", "u=rwx,go=", "/tree")},
		{name: "chown", base: full, words: all("chown", "-R", "77:78", "/tree")},
		{name: "xattr", base: full, words: func(v volume) []string {
			var files []string
			for path := range v.files(t) {
				if strings.Contains(path, smallFile) {
					files = append(files, "/"+path)
				}
			}
			slices.Sort(files)
			return append(append([]string{"xattr", "set", "scoutfs.srch.a", "value"}, files...), v.options()...)
		}},
		{name: "mv", base: full, words: func(v volume) []string {
			return append(append(append([]string{"mv"}, paths(v)...), "/to"), v.options()...)
		}, timeless: directory, again: 1},
		{name: "merge", base: logs, words: func(v volume) []string { return []string{"merge", v.meta, v.data} }},
		{name: "quota-restore", base: empty, words: all("quota-restore"), stdin: rules.String(), again: 1},
		{name: "quota-wipe", base: ruled, words: all("quota-wipe")},
		{name: "resize-devices", base: longer, words: all("resize-devices", "-m", "16G", "-d", "16G")},
		{name: "truncate", base: full, words: all("truncate", "-s", "1", "/tree/large"), partly: large, timeless: anyone},
		{name: "fallocate", base: full, words: all("fallocate", "-l", "6G", "/tree/large"), partly: large, timeless: anyone},
	}
}

func dirsOf(files int) int { return 1 + files/100 }

// stopTree makes a tree to copy: many small files, and one of each kind that
// takes more than one step.
func stopTree(t *testing.T, files int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	at := time.Unix(2_000_000_000, 123) // atimes are not changed by reading, as they are in the future
	set := func(path string, err error) {
		t.Helper()
		if err == nil {
			err = os.Chtimes(path, at.AddDate(10, 0, 0), at.AddDate(-20, 0, 0))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var dirs []string
	for d := range dirsOf(files) {
		dir := filepath.Join(root, fmt.Sprint("d", d))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	for i := range files {
		path := filepath.Join(dirs[i%len(dirs)], fmt.Sprint("f", i))
		set(path, os.WriteFile(path, bytes.Repeat([]byte{byte(i)}, 1+i*61%9000), 0o644))
	}
	path := filepath.Join(root, "large")
	set(path, os.WriteFile(path, bytes.Repeat([]byte("large file"), files*10_000), 0o644))
	path = filepath.Join(root, "sparse")
	set(path, errors.Join(os.WriteFile(path, []byte("sparse"), 0o600), os.Truncate(path, 1<<30)))
	path = filepath.Join(root, "link")
	set(path, os.Link(filepath.Join(dirs[0], "f0"), path))
	for _, dir := range append(dirs, root) {
		set(dir, nil)
	}
	return root
}

func (c *stopped) test(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	before, after, took := c.whole(t)
	runs := fromEnv(t, stopsEnv, 1)
	amid := map[syscall.Signal]int{}
	for run := range runs {
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGKILL}[(run+len(c.name))%2]
		wait := time.Duration(random.Int64N(int64(took) + 1))
		v := c.base().clone(t)
		first := program(t, c.stdin, c.words(v)...)
		if stop(t, first, wait, signal) {
			amid[signal]++
		}
		if c.complete(t, v, before, after); t.Failed() {
			t.Fatalf("%v after %v of %v", signal, wait, took)
		}
	}
	t.Logf("%d runs of %v, stopped before their end: %v", runs, took.Round(time.Millisecond), amid)
}

// whole runs the command to its end, and returns what there is before and
// after, and how long it took.
func (c *stopped) whole(t *testing.T) (before, after filesOf, took time.Duration) {
	t.Helper()
	v := c.base().clone(t)
	cmd := program(t, c.stdin, c.words(v)...)
	began := time.Now()
	succeed(t, cmd)
	took = time.Since(began)
	return c.base().files(t), v.files(t), took
}

// complete checks what a stopped run has left, and what a second one makes of
// it.
func (c *stopped) complete(t *testing.T, v volume, before, after filesOf) {
	t.Helper()
	testcheck.CleanFiles(t, v.meta, v.data)
	if wrong := c.halfDone(v.files(t), before, after); wrong != "" {
		t.Error(wrong)
	}
	second := program(t, c.stdin, c.words(v)...)
	if out, err := second.CombinedOutput(); err != nil && second.ProcessState.ExitCode() != c.again {
		t.Errorf("the second run fails: %v: %s", err, out)
	}
	testcheck.CleanFiles(t, v.meta, v.data)
	if wrong := v.files(t).only(c.forget).differences(after.only(c.forget)); wrong != "" {
		t.Errorf("after a second run, %s", wrong)
	}
}

func (c *stopped) testClosed(t *testing.T) {
	before, after, _ := c.whole(t)
	v := c.base().clone(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := program(t, c.stdin, append(c.words(v), c.tell)...)
	cmd.Stdout, cmd.Stderr = w, &said
	err = errors.Join(cmd.Run(), w.Close())
	if cmd.ProcessState.ExitCode() != 128+int(syscall.SIGPIPE) || said.String() != "" {
		t.Errorf("%v: %s", err, said.String())
	}
	c.complete(t, v, before, after)
}

// stop runs a command and sends it a signal after a time. It returns false if
// the command was done before.
func stop(t *testing.T, cmd *exec.Cmd, wait time.Duration, signal syscall.Signal) bool {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait)
	if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	err := cmd.Wait()
	state := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case err == nil:
		return false
	case state.Signaled() && state.Signal() == signal: // before the program listened, or that none can listen to
	case signal != syscall.SIGINT || state.ExitStatus() != 128+int(signal):
		t.Errorf("%v after %v: %v: %s", signal, wait, err, out.String())
	case !strings.Contains(out.String(), "stopped by signal: interrupt"):
		t.Errorf("the output after an interrupt is %q", out.String())
	}
	return true
}

// forget takes away what is not the same in each run.
func (c *stopped) forget(path string, s fileState) fileState {
	if path == "" || c.timeless != nil && c.timeless(s) {
		s.times = ""
	}
	if c.name == "cp" {
		s.version = 0 // counts how it was written
	}
	return s
}

// halfDone says which files are neither as they were before nor as they are
// after the command.
func (c *stopped) halfDone(now, before, after filesOf) string {
	loose := func(path string, s fileState) fileState {
		s = c.forget(path, s)
		s.nlink, s.same = 0, ""
		if s.contents {
			s.times = ""
		}
		return s
	}
	now, before, after = now.only(loose), before.only(loose), after.only(loose)
	partly := func(path string) bool { return c.partly != nil && c.partly("/"+path, now[path]) }
	var lines []string
	for path, s := range now {
		old, was := before[path]
		want, will := after[path]
		if !(was && s == old || will && s == want || (was || will) && partly(path)) {
			lines = append(lines, fmt.Sprintf("%s is %+v\n\t and was %+v,\n\twill be %+v", path, s, old, want))
		}
	}
	for path := range before {
		_, is := now[path]
		if _, will := after[path]; will && !is && !partly(path) {
			lines = append(lines, path+" is not there")
		}
	}
	slices.Sort(lines)
	return few(lines)
}
