// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Extended attributes, totals, indexes and quotas.
const (
	XattrPartMissing    Number = 801
	XattrPartSize       Number = 802
	XattrHead           Number = 803
	XattrHash           Number = 804
	XattrDuplicate      Number = 805
	XattrName           Number = 806
	XattrTagValue       Number = 807
	ACLInvalid          Number = 808
	XattrPartExtra      Number = 809
	MetaSeqIndexMissing Number = 820
	MetaSeqIndexStale   Number = 821
	DataSeqIndexMissing Number = 822
	DataSeqIndexStale   Number = 823
	TotalWrong          Number = 830
	TotalMissing        Number = 831
	TotalStale          Number = 832
	IndexEntryMissing   Number = 840
	IndexEntryStale     Number = 841
	QuotaRule           Number = 850
	QuotaRuleHash       Number = 851
	QuotaRuleTwice      Number = 852
	FormatFeature       Number = 853
)

func attributesProblems() []Problem {
	return []Problem{
		{
			Number: XattrPartMissing, Name: "XATTR_PART_MISSING", Severity: Error, Repair: Asked,
			Title: "A part of an extended attribute is missing.",
		},
		{
			Number: XattrPartSize, Name: "XATTR_PART_SIZE", Severity: Error, Repair: Asked,
			Title: "A part of an extended attribute has a wrong length.",
		},
		{
			Number: XattrHead, Name: "XATTR_HEAD", Severity: Error, Repair: Asked,
			Title: "An extended attribute describes itself wrongly.",
		},
		{
			Number: XattrHash, Name: "XATTR_HASH", Severity: Error, Repair: Automatic,
			Title: "An extended attribute is filed under a wrong hash.",
		},
		{
			Number: XattrDuplicate, Name: "XATTR_DUPLICATE", Severity: Error, Repair: Asked,
			Title: "An inode has two extended attributes of one name.",
		},
		{
			Number: XattrName, Name: "XATTR_NAME", Severity: Error, Repair: Asked,
			Title: "An extended attribute has a name that none can have.",
		},
		{
			Number: XattrTagValue, Name: "XATTR_TAG_VALUE", Severity: Error, Repair: Asked,
			Title: "An extended attribute has a value that its tags do not allow.",
		},
		{
			Number: ACLInvalid, Name: "ACL_INVALID", Severity: Error, Repair: Asked,
			Title: "An access control list is invalid.",
		},
		{
			Number: XattrPartExtra, Name: "XATTR_PART_EXTRA", Severity: Error, Repair: Asked,
			Title: "An extended attribute has more parts than it needs.",
		},
		{
			Number: MetaSeqIndexMissing, Name: "META_SEQ_INDEX_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode is not in the index of changes.",
		},
		{
			Number: MetaSeqIndexStale, Name: "META_SEQ_INDEX_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of changes has an entry that no inode has.",
		},
		{
			Number: DataSeqIndexMissing, Name: "DATA_SEQ_INDEX_MISSING", Severity: Error, Repair: Automatic,
			Title: "A file is not in the index of changes of data.",
		},
		{
			Number: DataSeqIndexStale, Name: "DATA_SEQ_INDEX_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of changes of data has an entry that no file has.",
		},
		{
			Number: TotalWrong, Name: "TOTAL_WRONG", Severity: Error, Repair: Automatic,
			Title: "A total is not the sum of its attributes.",
		},
		{
			Number: TotalMissing, Name: "TOTAL_MISSING", Severity: Error, Repair: Automatic,
			Title: "Attributes are in no total.",
		},
		{
			Number: TotalStale, Name: "TOTAL_STALE", Severity: Error, Repair: Automatic,
			Title: "A total has no attributes.",
		},
		{
			Number: IndexEntryMissing, Name: "INDEX_ENTRY_MISSING", Severity: Error, Repair: Automatic,
			Title: "An indexed attribute is not in the index.",
		},
		{
			Number: IndexEntryStale, Name: "INDEX_ENTRY_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of attributes has an entry that no attribute has.",
		},
		{
			Number: QuotaRule, Name: "QUOTA_RULE", Severity: Error, Repair: Asked,
			Title: "A quota rule is invalid.",
		},
		{
			Number: QuotaRuleHash, Name: "QUOTA_RULE_HASH", Severity: Error, Repair: Automatic,
			Title: "A quota rule is filed under a wrong hash.",
		},
		{
			Number: QuotaRuleTwice, Name: "QUOTA_RULE_TWICE", Severity: Warning, Repair: Automatic,
			Title: "A quota rule exists twice.",
		},
		{
			Number: FormatFeature, Name: "FORMAT_FEATURE", Severity: Error, Repair: Asked,
			Title: "Something exists that the volume's format version does not have.",
		},
	}
}
