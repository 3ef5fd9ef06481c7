// SPDX-License-Identifier: GPL-2.0-or-later

package fsckrandom_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/internal/testbulk"
	"scoutfs/internal/testimage"
	"scoutfs/tests/fsckrandom"
)

// How many cases there are, unless SCOUTFS_FSCK_RANDOM says otherwise, and
// what each may take. The first has the number in SCOUTFS_FSCK_RANDOM_FIRST.
const (
	fewCases  = 60
	mostTime  = 60 * time.Second
	mostBytes = 1 << 30 // of live memory, of all that run at once
)

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// weighted is a target and how often it is taken.
type weighted struct {
	*fsckrandom.Target
	meta   *device.Memory
	weight int
}

// targets makes small volumes of all shapes, and takes those of upstream if
// they are there.
func targets(t *testing.T, o *fsckrandom.Oracle, full bool) []weighted {
	t.Helper()
	var list []weighted
	add := func(name string, meta *device.Memory, data device.Device, weight int) {
		target, err := fsckrandom.NewTarget(t.Context(), o, name, device.Pair{Meta: meta, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		// Only so does a finding come from the damage.
		if summary, err := fsck.Check(t.Context(), fsck.Options{Pair: target.Pair}); err != nil || !summary.Clean() {
			t.Errorf("%s is not clean before it is damaged: %v, %v", name, summary.Tallies, err)
		}
		list = append(list, weighted{target, meta, weight})
	}
	for _, volume := range []struct {
		name   string
		o      testbulk.Options
		weight int
	}{
		{"empty", testbulk.Options{}, 2},
		{"ten files", testbulk.Options{Files: 10, LogTrees: 1, LogShare: 300}, 6},
		{"no logs", testbulk.Options{Files: 200}, 10},
		{"logs", testbulk.Options{Files: 300, LogTrees: 2, LogShare: 300}, 25},
		{"scattered", testbulk.Options{Files: 1500, LogTrees: 3, LogShare: 100, Scatter: true}, 20},
		{"high", testbulk.Options{Files: 60_000, LogTrees: 4, LogShare: 60, Scatter: true}, 2},
	} {
		if volume.o.Files > 10_000 && !full {
			continue
		}
		metaSize, dataSize := testbulk.Sizes(volume.o)
		meta := device.NewMemory("meta", metaSize)
		pair := device.Pair{Meta: meta, Data: device.NewMemory("data", dataSize)}
		// An earlier, greater volume leaves its blocks in the free space.
		earlier := volume.o
		earlier.Files += earlier.Files / 2
		for _, o := range []testbulk.Options{earlier, volume.o} {
			if err := testbulk.Write(t.Context(), pair, o); err != nil {
				t.Fatal(err)
			}
		}
		add(volume.name, meta, pair.Data, volume.weight)
	}
	if !full {
		return list
	}
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		var devices [2]device.Device
		for i, path := range []string{img.Meta, img.Data} {
			if path == "" {
				continue
			}
			dev, err := device.Open(path, device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			devices[i] = dev
		}
		weight := 4
		if img.Name == "many" {
			weight = 1
		}
		add(img.Name, device.NewOverlay("meta", devices[0]), devices[1], weight)
	})
	return list
}

// Damage is noticed, whatever it is: a check reports it, or it has changed
// nothing that a volume shows. And no check panics, hangs or takes memory
// without bound.
func TestRandomDamageIsNoticed(t *testing.T) {
	t.Parallel()
	cases := number(t, "SCOUTFS_FSCK_RANDOM", fewCases)
	first := number(t, "SCOUTFS_FSCK_RANDOM_FIRST", 0)
	full := cases > fewCases || first > 0
	oracle := fsckrandom.NewOracle()
	all := targets(t, oracle, full)
	var order []int
	for i := range all {
		order = append(order, slices.Repeat([]int{i}, all[i].weight)...)
	}
	stop := watchMemory(t)
	defer stop()

	numbers := make(chan uint64)
	go func() {
		defer close(numbers)
		for n := range cases {
			numbers <- first + n
		}
	}()
	var results outcomes
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for n := range numbers {
				random := rand.New(rand.NewPCG(n, 1))
				target := all[order[random.IntN(len(order))]]
				c := &tried{n: n, target: target, random: random, oracle: oracle}
				c.run(t)
				results.add(c)
			}
		})
	}
	group.Wait()
	t.Log(results.String())
}

// tried is one case.
type tried struct {
	n        uint64
	target   weighted
	random   *rand.Rand
	oracle   *fsckrandom.Oracle
	injuries []fsckrandom.Injury
	elapsed  time.Duration
	outcome  string
}

func (c *tried) run(t *testing.T) {
	meta := c.target.meta.Clone("meta")
	var err error
	if c.injuries, err = fsckrandom.Injure(c.random, c.target.Target, meta); err != nil {
		t.Errorf("case %d: %v", c.n, err)
		return
	}
	late := time.AfterFunc(mostTime, func() {
		panic(fmt.Sprintf("case %d, %s: not checked after %v: %v", c.n, c.target.Name, mostTime, c.injuries))
	})
	began := time.Now()
	summary, err := fsck.Check(t.Context(), fsck.Options{
		Pair: device.Pair{Meta: meta, Data: c.target.Pair.Data}, Memory: fsck.MinMemory, TempDir: t.TempDir(), Workers: 2, Cases: 1,
	})
	c.elapsed = time.Since(began)
	late.Stop()
	switch {
	case err != nil:
		c.outcome = "not checked"
		t.Errorf("case %d, %s: %v: %v", c.n, c.target.Name, err, c.injuries)
	case !summary.Clean():
		c.outcome = "reported"
	default:
		c.outcome = "nothing to see"
		if what := c.difference(t.Context(), meta); what != "" {
			c.outcome = "missed"
			t.Errorf("case %d, %s: found clean, but %s: %v", c.n, c.target.Name, what, c.injuries)
		}
	}
}

// difference says how the damaged volume differs from the sound one.
func (c *tried) difference(ctx context.Context, meta device.Device) string {
	digest, err := c.oracle.Of(ctx, meta)
	before := c.target.Digest
	var differ []string
	for _, part := range []struct {
		name string
		same bool
	}{
		{"the view", digest.View == before.View},
		{"searches", digest.Searches == before.Searches},
		{"space", digest.Space == before.Space},
		{"the count of inodes", digest.Inodes == before.Inodes},
	} {
		if !part.same {
			differ = append(differ, part.name)
		}
	}
	switch {
	case err != nil:
		return "not readable: " + err.Error()
	case len(differ) > 0:
		return strings.Join(differ, " and ") + " differ"
	}
	return ""
}

// outcomes counts what became of cases.
type outcomes struct {
	mutex   sync.Mutex
	counts  map[string]int
	slowest *tried
	total   int
}

func (o *outcomes) add(c *tried) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.counts == nil {
		o.counts = map[string]int{}
	}
	mending := "no injury"
	if len(c.injuries) > 0 {
		mending = [...]string{"as it is", "checksum right", "header right"}[c.injuries[0].Mending]
	}
	o.counts[mending+", "+c.outcome]++
	if o.slowest == nil || c.elapsed > o.slowest.elapsed {
		o.slowest = c
	}
	o.total++
}

func (o *outcomes) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var text strings.Builder
	fmt.Fprintf(&text, "%d cases", o.total)
	if c := o.slowest; c != nil {
		fmt.Fprintf(&text, ", the slowest case %d of %s in %.2f s", c.n, c.target.Name, c.elapsed.Seconds())
	}
	keys := make([]string, 0, len(o.counts))
	for k := range o.counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&text, "\n%6d %s", o.counts[k], k)
	}
	return text.String()
}

// watchMemory fails a test that has more live memory than it may, until the
// function that it returns is called, which tells the most there was.
func watchMemory(t *testing.T) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		most := uint64(0)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-ctx.Done():
				done <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() {
		cancel()
		if most := <-done; most > mostBytes {
			t.Errorf("%d MiB of memory in use, expected at most %d", most>>20, mostBytes>>20)
		} else {
			t.Logf("at most %d MiB of memory in use", most>>20)
		}
	}
}

// The oracle sees what was changed behind right checksums, and only that.
func TestOracle(t *testing.T) {
	t.Parallel()
	oracle := fsckrandom.NewOracle()
	for _, target := range targets(t, oracle, false) {
		digest, err := oracle.Of(t.Context(), target.meta.Clone("meta"))
		if err != nil || digest != target.Digest {
			t.Errorf("%s: a copy has digest %v, %v, want %v", target.Name, digest, err, target.Digest)
		}
		changed, same, unreadable := 0, 0, 0
		for n := range uint64(40) {
			random := rand.New(rand.NewPCG(n, 2))
			meta := target.meta.Clone("meta")
			if _, err := fsckrandom.Injure(random, target.Target, meta); err != nil {
				t.Fatal(err)
			}
			digest, err := oracle.Of(t.Context(), meta)
			var corrupt *format.CorruptError
			switch {
			case errors.As(err, &corrupt):
				unreadable++
			case err != nil:
				unreadable++
			case digest != target.Digest:
				changed++
			default:
				same++
			}
		}
		if unreadable == 0 || changed == 0 || same == 0 {
			t.Errorf("%s: %d unreadable, %d changed, %d the same", target.Name, unreadable, changed, same)
		}
	}
}
