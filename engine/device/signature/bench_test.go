// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"testing"

	"scoutfs/engine/device/signature"
)

func BenchmarkProbe(b *testing.B) {
	for _, name := range []string{"ext4", "scoutfs-meta"} {
		b.Run(name, func(b *testing.B) {
			r := &countingReader{image: fixtureNamed(b, name).image(b), t: b}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signature.Probe(r, r.size); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.reads)/float64(b.N), "reads/op")
			b.ReportMetric(float64(r.bytes)/float64(b.N), "bytes-read/op")
		})
	}
}
