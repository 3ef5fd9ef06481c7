// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scoutfs/internal/testcheck"
)

// fullEnv lets the metadata device be filled that is usable again afterwards.
const fullEnv = "SCOUTFS_FULL"

// fail runs a command that is to fail for lack of space and to say where.
func fail(t *testing.T, v volume, said string, words ...string) {
	t.Helper()
	cmd := program(t, "", append(words, v.options()...)...)
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%s: %v: %s", strings.Join(words[:2], " "), err, out)
	}
	if !strings.Contains(string(out), said) || !strings.Contains(string(out), "No space left on device (28)") {
		t.Errorf("the message has no %q: %s", said, out)
	}
	testcheck.CleanFiles(t, v.meta, v.data)
}

// flatTree makes a directory with files of a size.
func flatTree(t *testing.T, files, size int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range files {
		data := bytes.Repeat([]byte{byte(random.Uint32())}, size)
		if err := os.WriteFile(filepath.Join(root, fmt.Sprint("f", i)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAFullDataDeviceIsToldAndSpaceComesBack(t *testing.T) {
	t.Parallel()
	v := makeVolume(t, "8G", "32M")
	source := flatTree(t, 4, 5<<20)
	more := flatTree(t, 4, 5<<20)
	run := func(words ...string) { succeed(t, program(t, "", append(words, v.options()...)...)) }
	run("cp", "-rT", source, "/tree")
	fail(t, v, "cannot copy '"+more+"/f", "cp", "-rT", more, "/more")
	run("rm", "-r", "/more")
	run("cp", filepath.Join(more, "f0"), "/again")
	run("rm", "/again")

	// Small files are created many at once.
	small := flatTree(t, 1200, 9000)
	fail(t, v, "cannot copy '"+small+"/f", "cp", "-rT", small, "/small")
	run("rm", "-r", "/small")

	// Data that was released finds its place taken.
	before := v.files(t)
	run("release", "-r", "--any-version", "/tree")
	run("fallocate", "-l", "20M", "/hog")
	fail(t, v, "STAGE on ", "stage", "-r", "--any-version", source, "/tree")
	fail(t, v, "cannot allocate blocks of '/hog2'", "fallocate", "-l", "20M", "/hog2")
	run("rm", "/hog", "/hog2")
	run("stage", "-r", "--any-version", source, "/tree")
	testcheck.CleanFiles(t, v.meta, v.data)
	drop := func(path string, s fileState) fileState {
		if path == "" {
			s.times = ""
		}
		return s
	}
	if wrong := v.files(t).only(drop).differences(before.only(drop)); wrong != "" {
		t.Error(wrong)
	}
}

// TestFullMetadataIsToldAndFilesCanBeRemoved fills a device of which everything
// is kept back once the lists of free blocks are filled.
func TestFullMetadataIsToldAndFilesCanBeRemoved(t *testing.T) {
	t.Parallel()
	fillMetadata(t, "5000M", 20)
}

// TestMetadataComesBack fills a device of which so much is not kept back that
// there is room again when files are removed: more than 5361 MiB.
func TestMetadataComesBack(t *testing.T) {
	t.Parallel()
	if os.Getenv(fullEnv) == "" {
		t.Skip("set " + fullEnv + " to fill 5 GiB of metadata")
	}
	v, source := fillMetadata(t, "5400M", 2000)
	succeed(t, program(t, "", "merge", v.meta, v.data))
	for _, words := range [][]string{{"cp", "-rT", source, "/again"}, {"xattr", "set", "user.a", "value", "/again/f0"}} {
		succeed(t, program(t, "", append(words, v.options()...)...))
	}
	testcheck.CleanFiles(t, v.meta, v.data)
}

// fillMetadata sets large xattrs of so many files until there is no room, and
// removes the files.
func fillMetadata(t *testing.T, size string, files int) (v volume, source string) {
	t.Helper()
	v = makeVolume(t, size, "1G")
	source = flatTree(t, files, 10)
	run := func(words ...string) *strings.Builder {
		var out strings.Builder
		cmd := program(t, "", append(words, v.options()...)...)
		cmd.Stderr = &out
		if err := cmd.Run(); err != nil {
			return &out
		}
		return nil
	}
	if failed := run("cp", "-rT", source, "/tree"); failed != nil {
		t.Fatal(failed)
	}
	const most = 100
	round := 0
	for ; ; round++ {
		words := []string{"xattr", "set", fmt.Sprint("user.", round), strings.Repeat("x", 60_000)}
		for i := range files {
			words = append(words, fmt.Sprint("/tree/f", i))
		}
		failed := run(words...)
		if failed == nil && round < most {
			continue
		}
		if failed == nil || !strings.Contains(failed.String(), fmt.Sprintf("cannot set user.%d of '/tree/f", round)) ||
			!strings.Contains(failed.String(), "No space left on device (28)") {
			t.Fatalf("round %d: %v", round, failed)
		}
		break
	}
	t.Logf("%d rounds of %d values fit", round, files)
	fail(t, v, "cannot copy '"+source, "cp", "-rT", source, "/more")
	fail(t, v, "cannot create directory '/dir'", "mkdir", "/dir")
	if failed := run("rm", "-r", "/tree"); failed != nil {
		t.Errorf("nothing can be removed: %v", failed)
	}
	testcheck.CleanFiles(t, v.meta, v.data)
	if left := v.files(t); len(left) != 2 { // the root, and how large the volume is
		t.Errorf("there is %v", left)
	}
	return v, source
}
