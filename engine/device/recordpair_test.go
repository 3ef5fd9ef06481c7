// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/device"
)

// What a flush made durable is there after each random crash, and of what was
// written since any part may be, of either device.
func TestRandomCrashesLoseOnlyWhatWasNotFlushed(t *testing.T) {
	t.Parallel()
	const unit = 512
	r := device.NewPairRecorder(device.Pair{Meta: device.NewMemory("meta", 8*unit), Data: device.NewMemory("data", 8*unit)})
	for _, d := range []device.Device{r.Pair().Meta, r.Pair().Data} {
		for i, flush := range []bool{true, false} {
			if _, err := d.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 2*unit), int64(2*i*unit)); err != nil {
				t.Fatal(err)
			}
			if flush {
				if err := d.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	seen := map[[4]bool]bool{} // which units of both devices' last writes arrived
	for range 500 {
		pair, err := r.RandomCrash(r.Len(), unit, random)
		if err != nil {
			t.Fatal(err)
		}
		var arrived [4]bool
		for side, d := range []device.Device{pair.Meta, pair.Data} {
			got := make([]byte, 4*unit)
			if _, err := d.ReadAt(got, 0); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got[:2*unit], bytes.Repeat([]byte{1}, 2*unit)) {
				t.Fatalf("%s: what was flushed is not there", d.Name())
			}
			for i := range 2 {
				part := got[(2+i)*unit:][:unit]
				arrived[2*side+i] = part[0] != 0
				if !bytes.Equal(part, bytes.Repeat(part[:1], unit)) {
					t.Fatalf("%s: a unit is torn", d.Name())
				}
			}
		}
		seen[arrived] = true
	}
	if len(seen) != 1<<4 {
		t.Errorf("%d of %d states were seen", len(seen), 1<<4)
	}
}
