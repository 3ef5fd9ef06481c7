// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/walk/changes"
)

// small is a volume with changes at 1, 5, 7 and 9, committed up to 12.
func small(tb testing.TB) *builder {
	tb.Helper()
	b := newBuilder(tb)
	b.dir(1024, 5)
	b.dir(1025, 7)
	b.file(2048, 5)
	b.file(2049, 9)
	b.file(2050, 9)
	b.name(format.RootIno, 1024, "d")
	b.name(1024, 1025, "e")
	b.name(format.RootIno, 2048, "top")
	b.name(1024, 2049, "in d")
	b.name(1025, 2050, "in e")
	b.Super.Seq.Set(12)
	return b
}

func everything() []brief {
	return []brief{
		{1, 1, "/"}, {5, 1024, "/d"}, {5, 2048, "/top"}, {7, 1025, "/d/e"}, {9, 2049, "/d/in d"}, {9, 2050, "/d/e/in e"},
	}
}

func TestPartsOfTheFeed(t *testing.T) {
	t.Parallel()
	all := everything()
	for _, row := range []struct {
		name     string
		options  changes.Options
		want     []brief
		position changes.Position
		next     uint64
		noNext   bool
		done     bool
	}{
		{"all", changes.Options{}, all, changes.AfterSeq(12), 12, false, false},
		{"after a sequence number", changes.Options{After: changes.AfterSeq(5)}, all[3:], changes.AfterSeq(12), 12, false, false},
		{"after one without changes", changes.Options{After: changes.AfterSeq(8)}, all[4:], changes.AfterSeq(12), 12, false, false},
		{"after a record", changes.Options{After: changes.Position{Seq: 5, Ino: 1024}}, all[2:], changes.AfterSeq(12), 12, false, false},
		{"after the last", changes.Options{After: changes.Position{Seq: 9, Ino: 2050}}, nil, changes.AfterSeq(12), 12, false, false},
		{"after what is committed", changes.Options{After: changes.AfterSeq(40)}, nil, changes.AfterSeq(40), 40, false, false},
		{"after everything", changes.Options{After: changes.AfterSeq(math.MaxUint64)}, nil, changes.AfterSeq(math.MaxUint64), math.MaxUint64, false, true},
		{"up to a sequence number", changes.Options{Until: 7}, all[:4], changes.AfterSeq(7), 7, false, true},
		{"up to one that is not committed", changes.Options{Until: 13}, all, changes.AfterSeq(12), 12, false, false},
		{"up to one before the start", changes.Options{After: changes.AfterSeq(7), Until: 5}, nil, changes.AfterSeq(7), 7, false, true},
		{"a few", changes.Options{Limit: 2}, all[:2], changes.Position{Seq: 5, Ino: 1024}, 4, false, true},
		{"as many as there are", changes.Options{Limit: 6}, all, changes.Position{Seq: 9, Ino: 2050}, 8, false, true},
		{"one", changes.Options{Limit: 1}, all[:1], changes.Position{Seq: 1, Ino: 1}, 0, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			feed := small(t).feed(row.options)
			if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
			next, ok := feed.Next()
			if feed.Position() != row.position || next != row.next || ok == row.noNext {
				t.Errorf("ends at %s, next %d %v; want %s, next %d %v", feed.Position(), next, ok, row.position, row.next, !row.noNext)
			}
			if feed.Done() != row.done || feed.Given() != uint64(len(row.want)) {
				t.Errorf("done is %v after %d records", feed.Done(), feed.Given())
			}
		})
	}
}

func TestNothingReadNeedsAStartFromTheBeginning(t *testing.T) {
	t.Parallel()
	feed := small(t).feed(changes.Options{})
	if next, ok := feed.Next(); ok || feed.Position() != (changes.Position{}) {
		t.Errorf("before the first pass: position %s, next %d", feed.Position(), next)
	}
}

// inParts reads a feed in parts that end after so many records each, every
// part by a new feed from the last one's position.
func inParts(t *testing.T, source changes.Source, opts changes.Options, sizes func() uint64) []changes.Change {
	t.Helper()
	var all []changes.Change
	for {
		opts.Limit = sizes()
		feed := changes.New(source, opts)
		part := collect(t, feed.Pass(t.Context()))
		all = append(all, part...)
		if uint64(len(part)) < opts.Limit {
			return all
		}
		position, err := changes.ParsePosition(feed.Position().String())
		if err != nil {
			t.Fatal(err)
		}
		opts.After = position
	}
}

// sameRecords compares records; comparing them in the general way takes
// minutes.
func sameRecords(t *testing.T, name string, got, want []changes.Change) {
	t.Helper()
	same := func(a, b changes.Change) bool {
		return a.At == b.At && a.Gone == b.Gone && a.Attributes == b.Attributes && slices.Equal(a.Paths, b.Paths) &&
			slices.EqualFunc(a.Xattrs, b.Xattrs, func(a, b changes.Xattr) bool {
				return a.Name == b.Name && bytes.Equal(a.Value, b.Value)
			})
	}
	if slices.EqualFunc(got, want, same) {
		return
	}
	for i := range min(len(got), len(want)) {
		if !same(got[i], want[i]) {
			t.Fatalf("%s, record %d: %s", name, i, cmp.Diff(want[i], got[i]))
		}
	}
	t.Fatalf("%s: %d records, want %d", name, len(got), len(want))
}

func TestAFeedStoppedAnywhereGoesOnExactly(t *testing.T) {
	t.Parallel()
	source := changes.OnDevices(small(t).open(engine.Options{}))
	opts := changes.Options{Detail: changes.Detail{AllPaths: true, Xattrs: true}}
	whole := collect(t, changes.New(source, opts).Pass(t.Context()))
	for cut := range whole {
		feed := changes.New(source, opts)
		var head []changes.Change
		for c, err := range feed.Pass(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if head = append(head, keep(c)); len(head) > cut {
				break
			}
		}
		if feed.Position() != whole[cut].At {
			t.Fatalf("stopped after %d records it is at %s, not %s", cut+1, feed.Position(), whole[cut].At)
		}
		rest := opts
		rest.After = feed.Position()
		tail := collect(t, changes.New(source, rest).Pass(t.Context()))
		sameRecords(t, fmt.Sprintf("cut after %d records", cut+1), append(head, tail...), whole)
		// The number for --since may repeat records and never misses one.
		rest.After = changes.Position{}
		if next, ok := feed.Next(); ok {
			rest.After = changes.AfterSeq(next)
		}
		again := collect(t, changes.New(source, rest).Pass(t.Context()))
		from := len(whole) - len(again)
		if from > cut+1 {
			t.Fatalf("after %d records --since misses some of %d", cut+1, len(whole))
		}
		sameRecords(t, "since", again, whole[from:])
		// The same feed goes on too.
		tail = collect(t, feed.Pass(t.Context()))
		sameRecords(t, fmt.Sprintf("left after %d records", cut+1), append(head, tail...), whole)
	}
}

func TestImagesOneRecordAtATime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"basic", "archive", "basic-v1", "dirty"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := changes.OnDevices(openImage(t, testimage.Get(t, name), engine.Options{}))
			opts := changes.Options{Detail: changes.Detail{AllPaths: true, Xattrs: true}}
			whole := collect(t, changes.New(source, opts).Pass(t.Context()))
			sameRecords(t, "one by one", inParts(t, source, opts, func() uint64 { return 1 }), whole)
		})
	}
}

func TestBigVolumesInPartsOfAnySize(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"many", "partmerge", "two-mounts", "compacting"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := openImage(t, testimage.Get(t, name), engine.Options{})
			source, opts := changes.OnDevices(v), last(t, v, 15_000)
			whole := collect(t, changes.New(source, opts).Pass(t.Context()))
			for seed := range uint64(2) {
				random := rand.New(rand.NewPCG(seed, 1))
				parts := inParts(t, source, opts, func() uint64 { return 1 + random.Uint64N(1+uint64(len(whole))/7) })
				sameRecords(t, fmt.Sprintf("seed %d", seed), parts, whole)
			}
		})
	}
}

// TestFollowersMissNothing lets a volume change at random between passes. A
// reader who takes each record as the newest of its inode, and asks for those
// that are gone, ends with what is on the volume.
func TestFollowersMissNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 2))
		b := newBuilder(t)
		b.commit(1)
		live := b.open(engine.Options{Live: true})
		source := changes.OnDevices(live)
		feed := changes.New(source, changes.Options{})
		seen := map[uint64]uint64{}
		seq := uint64(1)
		for range 30 {
			for range random.IntN(4) {
				seq += random.Uint64N(3)
				ino := 2000 + random.Uint64N(12)
				if _, there := b.at[ino]; !there {
					b.name(format.RootIno, ino, fmt.Sprint("f", ino))
				}
				b.file(ino, seq)
			}
			b.commit(seq)
			last := changes.Position{}
			stop := random.IntN(6)
			for c, err := range feed.Pass(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if !last.Less(c.At) {
					t.Fatalf("seed %d: %s after %s", seed, c.At, last)
				}
				last = c.At
				if old, ok := seen[c.At.Ino]; ok && old >= c.At.Seq {
					t.Fatalf("seed %d: inode %d at %d again", seed, c.At.Ino, c.At.Seq)
				}
				seen[c.At.Ino] = c.At.Seq
				if stop--; stop == 0 {
					break
				}
			}
			if random.IntN(3) == 0 { // another process
				feed = changes.New(source, changes.Options{After: feed.Position()})
			}
			seq++ // committed sequence numbers are not used again
		}
		collectInto(t, feed, seen)
		if diff := cmp.Diff(b.at, seen); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

func collectInto(t *testing.T, feed *changes.Feed, seen map[uint64]uint64) {
	t.Helper()
	for _, c := range collect(t, feed.Pass(t.Context())) {
		seen[c.At.Ino] = c.At.Seq
	}
}

// TestWhatComesLaterIsWaitedFor has a mount with transaction 6 open while
// another has committed 8: what 6 commits must not come behind the feed.
func TestWhatComesLaterIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	b.file(2000, 5)
	b.file(2001, 8)
	b.name(format.RootIno, 2000, "early")
	b.name(format.RootIno, 2001, "late")
	var open format.LogTrees
	open.RID.Set(77)
	open.Nr.Set(1)
	open.GetTransSeq.Set(6)
	open.CommitTransSeq.Set(3)
	b.LogTrees[format.LogTreesKey(77, 1)] = slices.Clone(format.Bytes(&open))
	b.Mounts[format.MountedClientKey(77)] = slices.Clone(format.Bytes(&format.MountedClient{}))
	b.commit(8)
	feed := changes.New(changes.OnDevices(b.open(engine.Options{Live: true})), changes.Options{})
	want := []brief{{1, 1, "/"}, {5, 2000, "/early"}}
	if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, want) {
		t.Errorf("while it is open: %v, want %v", got, want)
	}
	if next, ok := feed.Next(); !ok || next != 5 {
		t.Errorf("next is %d %v, want 5", next, ok)
	}
	b.file(2002, 6)
	b.name(format.RootIno, 2002, "waited for")
	open.CommitTransSeq.Set(6)
	b.LogTrees[format.LogTreesKey(77, 1)] = slices.Clone(format.Bytes(&open))
	b.commit(9)
	want = []brief{{6, 2002, "/waited for"}, {8, 2001, "/late"}}
	if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, want) {
		t.Errorf("after its commit: %v, want %v", got, want)
	}
}

func TestAnInterruptedPassKeepsItsPlace(t *testing.T) {
	t.Parallel()
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	feed := small(t).feed(changes.Options{})
	var got []brief
	var end error
	for c, err := range feed.Pass(ctx) {
		if c == nil {
			end = err
			break
		}
		got = append(got, brief{c.At.Seq, c.At.Ino, c.Paths[0]})
		if len(got) == 3 {
			cancel(reason)
		}
	}
	if !errors.Is(end, reason) || len(got) != 3 {
		t.Errorf("%d records and then %v", len(got), end)
	}
	got = append(got, briefs(t, feed.Pass(t.Context()))...)
	if !slices.Equal(got, everything()) {
		t.Errorf("together %v", got)
	}
}
