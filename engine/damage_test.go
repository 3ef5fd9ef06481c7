// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
	"scoutfs/internal/testvolume"
	"scoutfs/walk"
)

// rich has every structure that questions lead to: fs_root and a log tree with
// parents, a bloom filter, sorted and unsorted search files with parents, and
// items for every question.
func rich(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	const srchName = "scoutfs.hide.srch.x"
	b := sample(tb)
	b.PerBlock = 12
	b.Extent(20, 0, 2, 100, 0)
	b.Extent(20, 2, 1, 0, format.ExtentOffline)
	b.Xattr(20, 1, "scoutfs.hide.a", []byte("v"))
	b.Xattr(20, 2, srchName, make([]byte, 3000))
	b.Put(format.TotlKey(1, 2, 3), total(4, 1))
	b.Put(format.IndxKey(format.XattrIndx{Major: 1, Minor: 2, Ino: 20, ID: 3}), nil)
	for i := range byte(2) {
		r := rule(i, 5)
		b.Put(format.QuotaRuleKey(r.Hash(), 0), format.Bytes(&r))
	}
	for i := range uint64(30) {
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, 10+i/10, 1000+i), nil)
	}
	b.Put(format.InodeIndexKey(format.TypeDataSeq, 10, 20), nil)

	// A log tree with newer items, also of what fs_root has.
	logged := testvolume.New(tb)
	for i := range uint64(20) {
		logged.Put(format.InodeIndexKey(format.TypeMetaSeq, 20, 1000+i), nil)
		logged.Put(format.TotlKey(1, 3, i), total(i, 1))
	}
	logged.Link(10, 9, 20, format.DirentRegular, "logged")
	logged.Put(format.InodeKey(20), b.Items[format.InodeKey(20)])
	var items []testblock.Item
	bloom := testblock.NewBlock()
	filter, err := format.ViewBloomBlock(bloom)
	if err != nil {
		tb.Fatal(err)
	}
	for _, k := range slices.SortedFunc(maps.Keys(logged.Items), format.Key.Compare) {
		items = append(items, testblock.Item{Key: k, Seq: 2, Value: logged.Items[k]})
		if lock, ok := format.LockRange(k); ok {
			filter.Add(format.BloomBitsOf(lock.Start))
		}
	}
	lt := new(format.LogTrees)
	lt.RID.Set(7)
	lt.Nr.Set(1)
	lt.ItemRoot.Set(b.Blocks.Tree(12, items...))
	lt.BloomRef.Set(b.Blocks.Add(format.MagicBloom, bloom))
	entry := func(ino uint64) format.SrchEntry {
		return format.SrchEntry{Hash: format.SrchHash(srchName), Ino: ino}
	}
	lt.SrchFile = b.Blocks.SrchFile([]format.SrchEntry{entry(60), entry(50)})
	b.LogTrees[format.LogTreesKey(7, 1)] = format.Bytes(lt)
	sorted := b.Blocks.SrchFile([]format.SrchEntry{entry(20), entry(21)}, []format.SrchEntry{entry(30)}, []format.SrchEntry{entry(40)})
	b.Srch[format.SrchBlocksKey(3, sorted.Ref.Blkno.Get())] = format.Bytes(&sorted)
	waiting := b.Blocks.SrchFile([]format.SrchEntry{entry(25)}, []format.SrchEntry{entry(26)})
	b.Srch[format.SrchLogKey(waiting.Ref.Blkno.Get())] = format.Bytes(&waiting)
	b.Srch[format.SrchPendingKey(8)] = format.Bytes(new(format.SrchCompact))
	b.Merge[format.LogMergeRequestKey(7, 1)] = format.Bytes(new(format.LogMergeRequest))
	b.Mounts[format.MountedClientKey(7)] = format.Bytes(new(format.MountedClient))
	return b
}

// answer is what a question brought.
type answer struct {
	question string
	values   []string
	err      error
}

// questions asks everything about a volume, and about some inodes of it.
type questions struct {
	paths    []string
	inos     []uint64
	searches []string
}

// ask asks all questions, each to its end. It fails tb if that takes too long.
func (q *questions) ask(tb testing.TB, target ioctl.Target) []answer {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	var answers []answer
	add := func(question string, seq iter.Seq2[string, error]) {
		a := answer{question: question}
		for v, err := range seq {
			if a.err = err; err != nil {
				break
			}
			if a.values = append(a.values, v); len(a.values) > 1<<20 {
				tb.Fatalf("%s: more than a million answers", question)
			}
		}
		if errors.Is(a.err, context.DeadlineExceeded) {
			tb.Fatalf("%s: no end after %d answers", question, len(a.values))
		}
		answers = append(answers, a)
	}
	add("statfs", one(target.StatfsMore(ctx)))
	add("alloc detail", one(ioctl.AllocDetails(ctx, target)))
	for _, index := range []ioctl.InodeIndex{ioctl.IndexMetaSeq, ioctl.IndexDataSeq} {
		add(index.String(), text(walk.Inodes(ctx, target, index, ioctl.InodeEntry{}, ioctl.LastInodeEntry())))
	}
	add("xattr index", text(walk.XattrIndex(ctx, target, ioctl.XattrIndexEntry{}, ioctl.LastXattrIndexEntry())))
	add("totals", text(walk.Totals(ctx, target, ioctl.TotalName{})))
	add("quota rules", text(walk.QuotaRules(ctx, target)))
	for _, name := range q.searches {
		add("search for "+name, text(walk.SearchXattrs(ctx, target, name, 0, most)))
	}
	add("allocated inodes", text(walk.AllocatedInos(ctx, target, 0)))
	for _, ino := range q.inos {
		add(fmt.Sprintf("paths of %d", ino), text(walk.Paths(ctx, target, ino, ioctl.DirPosition{})))
		add(fmt.Sprintf("entries of %d", ino), text(walk.ReferringEntries(ctx, target, ino, ioctl.DirPosition{})))
		f, err := target.OpenIno(ctx, ino, os.O_RDONLY)
		q.askFile(ctx, fmt.Sprint(ino), f, err, add)
	}
	for _, path := range q.paths {
		f, err := target.OpenPath(ctx, path, os.O_RDONLY)
		q.askFile(ctx, path, f, err, add)
	}
	return answers
}

func (q *questions) askFile(ctx context.Context, name string, f ioctl.File, err error, add func(string, iter.Seq2[string, error])) {
	add("opening "+name, one("open", err))
	if err != nil {
		return
	}
	add("stat of "+name, one(f.StatMore(ctx)))
	add("attributes of "+name, one(f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrV1})))
	add("hidden xattrs of "+name, text(walk.HiddenXattrs(ctx, f)))
	add("extents of "+name, text(walk.Extents(ctx, f, 0, most)))
	if s, ok := f.(ioctl.Seeker); ok {
		add("data of "+name, text(walk.DataRanges(ctx, s, 0)))
	}
}

func one[T any](v T, err error) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(fmt.Sprintf("%+v", v), err) }
}

func text[T any](seq iter.Seq2[T, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for v, err := range seq {
			if !yield(fmt.Sprintf("%+v", v), err) {
				return
			}
		}
	}
}

// damaged is a volume to be damaged: the blocks that its questions lead to,
// and their answers while it is sound.
type damaged struct {
	meta      *device.Memory
	questions *questions
	blocks    []uint64
	sound     []answer
}

// examine asks a sound volume everything, and notes the blocks that were
// read.
func examine(tb testing.TB, meta *device.Memory, q *questions) *damaged {
	tb.Helper()
	var mu sync.Mutex
	read := make(map[uint64]bool)
	w := &watched{Device: meta, read: func(_ []byte, off int64) {
		mu.Lock()
		defer mu.Unlock()
		if off != superOffset {
			read[uint64(off)>>format.LargeBlockShift] = true
		}
	}}
	v := open(tb, device.Pair{Meta: w}, engine.Options{})
	d := &damaged{meta: meta, questions: q, sound: q.ask(tb, v.Target())}
	v.Blocks().Wait()
	mu.Lock()
	defer mu.Unlock()
	d.blocks = slices.Sorted(maps.Keys(read))
	return d
}

// ask damages a copy of the volume and asks it everything. Answers are nil if
// it cannot be opened.
func (d *damaged) ask(tb testing.TB, damage func(meta *device.Memory)) ([]answer, error) {
	tb.Helper()
	meta := d.meta.Clone("meta")
	damage(meta)
	v, err := engine.OpenDevices(tb.Context(), device.Pair{Meta: meta}, engine.Options{})
	if err != nil {
		return nil, err
	}
	defer closeVolume(tb, v)
	return d.questions.ask(tb, v.Target()), nil
}

// checkDamage makes sure that an error is of damage, and says where it is.
func checkDamage(tb testing.TB, question string, err error, place string) {
	tb.Helper()
	corrupt, ok := errors.AsType[*format.CorruptError](err)
	if !ok || !errors.Is(err, syscall.EIO) {
		tb.Errorf("%s: %v is no damage", question, err)
		return
	}
	if corrupt.Structure == "" || !strings.Contains(err.Error(), place) {
		tb.Errorf("%s: %q does not say %s", question, err, place)
	}
	trees := []string{"fs_root level", ": item_root level", "logs_root", "log_merge", "srch_root", "search file of item", "mounted_clients"}
	if !slices.ContainsFunc(trees, func(tree string) bool { return strings.Contains(err.Error(), tree) }) {
		tb.Errorf("%s: %q does not say what the block belongs to", question, err)
	}
}

// compare compares answers of a damaged volume with those of the sound one:
// what comes is right, and either it is all or there is an error.
func (d *damaged) compare(tb testing.TB, answers []answer, place string) (failures int) {
	tb.Helper()
	sound := make(map[string]answer)
	for _, a := range d.sound {
		sound[a.question] = a
	}
	for _, got := range answers {
		want := sound[got.question]
		switch n := len(got.values); {
		case want.question == "":
			tb.Errorf("%s was not asked before", got.question)
		case got.err != nil && want.err != nil && got.err.Error() == want.err.Error():
		case got.err != nil:
			failures++
			checkDamage(tb, got.question, got.err, place)
			if n > len(want.values) || !slices.EqualFunc(got.values, want.values[:n], sameButLast) {
				tb.Errorf("%s: %d answers before the error are not the first of %d", got.question, n, len(want.values))
			}
		case want.err != nil || !slices.Equal(got.values, want.values):
			tb.Errorf("%s: %d answers, want %d and the error %v", got.question, n, len(want.values), want.err)
		}
	}
	return failures
}

// sameButLast compares an answer before an error with what it was without.
// Which entry is the last cannot be told then.
func sameButLast(got, want string) bool {
	return got == want || got == strings.Replace(want, " Last:true ", " Last:false ", 1)
}

// kinds maps the magic of each block that questions lead to to their number.
func (d *damaged) kinds(tb testing.TB) map[string]int {
	tb.Helper()
	kinds := make(map[string]int)
	for _, blkno := range d.blocks {
		kinds[format.MagicName(d.header(tb, blkno).Magic.Get())]++
	}
	return kinds
}

func (d *damaged) header(tb testing.TB, blkno uint64) *format.BlockHeader {
	tb.Helper()
	b := make([]byte, format.Size[format.BlockHeader]())
	if _, err := d.meta.ReadAt(b, int64(blkno)<<format.LargeBlockShift); err != nil {
		tb.Fatal(err)
	}
	header, err := format.View[format.BlockHeader](b)
	if err != nil {
		tb.Fatal(err)
	}
	return header
}

// checkEveryBlock damages each block in turn in some places, without hiding
// it from the checksum. All damage must be found, and no answer be wrong.
func (d *damaged) checkEveryBlock(t *testing.T, offsets ...int64) {
	t.Helper()
	for _, blkno := range d.blocks {
		name := format.MagicName(d.header(t, blkno).Magic.Get())
		t.Run(fmt.Sprintf("%s %d", name, blkno), func(t *testing.T) {
			t.Parallel()
			place := fmt.Sprintf("blkno %d", blkno)
			for _, off := range offsets {
				answers, err := d.ask(t, func(meta *device.Memory) { flip(t, meta, int64(blkno)<<format.LargeBlockShift+off) })
				if err != nil {
					checkDamage(t, "opening", err, place)
					continue
				}
				failures := d.compare(t, answers, place)
				// A filter that cannot be read saves nothing, and hides nothing.
				if hidden := name == format.MagicName(format.MagicBloom); hidden != (failures == 0) {
					t.Errorf("byte %d: %d questions failed", off, failures)
				}
			}
		})
	}
}

func TestDamageIsFoundAndHidesNothing(t *testing.T) {
	t.Parallel()
	d := examineRich(t)
	kinds := d.kinds(t)
	for _, magic := range []uint32{format.MagicBtree, format.MagicBloom, format.MagicSrchBlock, format.MagicSrchParent} {
		if kinds[format.MagicName(magic)] == 0 {
			t.Errorf("the questions lead to no %s", format.MagicName(magic))
		}
	}
	var offsets []int64
	for off := int64(0); off < format.LargeBlockSize; off += 4099 {
		offsets = append(offsets, off)
	}
	d.checkEveryBlock(t, append(offsets, 4, 8, 16, 24, 32, 40, 64, format.LargeBlockSize-1)...)
}

func examineRich(tb testing.TB) *damaged {
	tb.Helper()
	pair := rich(tb).Devices(tb)
	meta, ok := pair.Meta.(*device.Memory)
	if !ok {
		tb.Fatal("the device is not in memory")
	}
	return examine(tb, meta, &questions{
		paths:    []string{"", "d", "f", "d/g", "link", "abs/g", "d/logged"},
		inos:     []uint64{1, 10, 20, 40, 60, 61, 71, 999},
		searches: []string{"scoutfs.hide.srch.x", "scoutfs.srch.none"},
	})
}

// TestDamageOfImagesIsFound does the same to volumes that upstream's kernel
// module wrote.
func TestDamageOfImagesIsFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"archive", "dirty", "compacting"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			examineImage(t, name).checkEveryBlock(t, 1000)
		})
	}
}

// examineImage asks an image about few of its inodes.
func examineImage(tb testing.TB, name string) *damaged {
	tb.Helper()
	img := testimage.Get(tb, name)
	base, err := device.Open(img.Meta, device.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := base.Close(); err != nil {
			tb.Error(err)
		}
	})
	q := &questions{paths: []string{""}, searches: []string{"scoutfs.srch.none"}}
	meta := device.NewOverlay("meta", base)
	v := open(tb, device.Pair{Meta: meta}, engine.Options{})
	entries := all(tb, walk.Inodes(tb.Context(), v.Target(), ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()))
	for i := 0; i < len(entries); i += 1 + len(entries)/20 {
		q.inos = append(q.inos, entries[i].Ino)
		for _, p := range all(tb, walk.Paths(tb.Context(), v.Target(), entries[i].Ino, ioctl.DirPosition{})) {
			q.paths = append(q.paths, p.Path)
		}
	}
	return examine(tb, meta, q)
}

// regionsPerBlock is how many regions of a block are changed, unless all are.
const regionsPerBlock = 12

// TestHiddenDamageDoesNoHarm changes blocks and repairs their checksums. What
// is then answered may be wrong, but there is an end to it.
func TestHiddenDamageDoesNoHarm(t *testing.T) {
	t.Parallel()
	d := examineRich(t)
	for _, blkno := range d.blocks {
		t.Run(fmt.Sprintf("block %d", blkno), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(blkno, 0))
			for _, at := range testsample.Of(d.regions(t, blkno), regionsPerBlock) {
				for _, change := range changes(random) {
					d.askHidden(t, blkno, func(block []byte) { change(block[at[0]:at[1]]) })
				}
			}
		})
	}
}

// regions are the parts of a block that are worth changing: each word of the
// header and of what follows it, and larger parts with bytes other than 0.
func (d *damaged) regions(tb testing.TB, blkno uint64) (all [][2]int) {
	tb.Helper()
	block := make([]byte, format.LargeBlockSize)
	if _, err := d.meta.ReadAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
		tb.Fatal(err)
	}
	const small, large = 8, 512
	for at := 8; at < len(block); {
		size := small
		if at >= large {
			size = large
		}
		if strings.Trim(string(block[at:at+size]), "\x00") != "" || at < 64 {
			all = append(all, [2]int{at, at + size})
		}
		at += size
	}
	return all
}

// changes are what can happen to a region.
func changes(random *rand.Rand) []func([]byte) {
	return []func([]byte){
		func(b []byte) { clear(b) },
		func(b []byte) {
			for i := range b {
				b[i] = 0xff
			}
		},
		func(b []byte) { b[random.IntN(len(b))] ^= byte(1 + random.IntN(255)) },
		func(b []byte) {
			for i := range b {
				b[i] = byte(random.Uint32())
			}
		},
	}
}

// askHidden changes a block, repairs its checksum, and asks everything.
func (d *damaged) askHidden(tb testing.TB, blkno uint64, change func(block []byte)) {
	tb.Helper()
	_, _ = d.ask(tb, func(meta *device.Memory) {
		block := make([]byte, format.LargeBlockSize)
		if _, err := meta.ReadAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
			tb.Fatal(err)
		}
		change(block)
		format.Seal(block)
		if _, err := meta.WriteAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
			tb.Fatal(err)
		}
	})
}

// TestDamagedSupers damages the super all over, and with a repaired checksum
// every field.
func TestDamagedSupers(t *testing.T) {
	t.Parallel()
	d := examineRich(t)
	for off := int64(0); off < format.SmallBlockSize; off += 1 + off/40 {
		_, err := d.ask(t, func(meta *device.Memory) { flip(t, meta, superOffset+off) })
		wants(t, err, syscall.EIO, "super block", "blkno 16")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for at := 8; at+8 <= format.Size[format.Super](); at += 8 {
		change := changes(random)[1+random.IntN(3)]
		_, _ = d.ask(t, func(meta *device.Memory) {
			changeSuper(t, meta, func(s *format.Super) { change(format.Bytes(s)[at : at+8]) })
		})
	}
}
