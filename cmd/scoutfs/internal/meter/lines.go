// SPDX-License-Identifier: GPL-2.0-or-later

package meter

import (
	"encoding/json"
	"io"
	"math"

	"scoutfs/progress"
)

// line is one state as programs read it. The fields are documented in the
// manual page; their meaning never changes.
type line struct {
	Type    string  `json:"type"` // always "progress"
	Phase   string  `json:"phase"`
	Unit    string  `json:"unit"`
	Done    int64   `json:"done"`
	Total   *int64  `json:"total,omitempty"` // absent while unknown
	Seconds float64 `json:"seconds"`         // since the phase began
	Rate    float64 `json:"rate"`            // units per second
	Ended   bool    `json:"ended"`
}

// lineView writes each state as a line of JSON.
type lineView struct{ w io.Writer }

func (v *lineView) show(s state) {
	l := line{
		Type:    "progress",
		Phase:   s.phase,
		Unit:    s.unit.String(),
		Done:    s.done,
		Seconds: round(s.elapsed.Seconds()),
		Rate:    round(s.rate()),
		Ended:   s.ended,
	}
	if s.total != progress.Unknown {
		l.Total = &s.total
	}
	text, err := json.Marshal(l)
	if err != nil {
		return // no such state exists: the fields are plain numbers and text
	}
	// Progress that cannot be shown must not stop the job.
	_, _ = v.w.Write(append(text, '\n'))
}

// round keeps three decimals.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
