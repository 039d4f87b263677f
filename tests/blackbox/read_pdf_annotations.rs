//! Values of form fields and notes, which stand after the text of their page.

use crate::support::pdf::{Pdf, line};
use crate::support::reading::Reading;

/// Two pages, of which the first has this annotation.
#[track_caller]
fn text_with(form: &str, annotation: &str, appearance: &str) -> String {
    let form = format!("<< /Fields [40 0 R] /DR << /Font << /F 3 0 R >> >> {form} >>");
    let pdf = Pdf::of_pages(&[&line("Page one"), &line("Page two")])
        .object(1, format!("<< /Type /Catalog /Pages 2 0 R /AcroForm {form} >>"))
        .object(40, format!("<< /Type /Annot /Rect [100 100 300 200] {annotation} >>"))
        .stream(41, "/Type /XObject /Subtype /Form /BBox [0 0 200 100]", appearance.as_bytes())
        .object(42, "<< /FT /Tx /V (from the parent) /T (p) >>")
        .object(43, "<< /FT /Ch /Opt [[(de) (Germany)] [(fr) (France)] (Other)] /V [(fr) (Other)] /T (c) >>")
        .page("/MediaBox [0 0 612 792] /Annots [40 0 R]");
    let text = Reading::of("a.pdf", &pdf.bytes()).text;
    let (first, second) = text.split_once('\u{c}').expect("two pages");
    assert_eq!(second, "Page two");
    first.strip_prefix("Page one").expect("its own text is first").trim_start().to_owned()
}

/// The content of an appearance.
fn shows(text: &str) -> String {
    format!("/Tx BMC BT /F 12 Tf 2 2 Td ({text}) Tj ET EMC")
}

#[test]
fn values_of_fields_follow_the_text_of_their_page() {
    for (annotation, appearance, text) in [
        ("/Subtype /Widget /FT /Tx /V (Jane Roe) /AP << /N 41 0 R >>", shows("Jane Roe"), "Jane Roe"),
        ("/Subtype /Widget /FT /Tx /V (1234.5) /AP << /N 41 0 R >>", shows("$1,234.50"), "$1,234.50"),
        ("/Subtype /Widget /FT /Tx /V (12345) /AP << /N 41 0 R >>", shows("1  2  3  4  5"), "12345"),
        ("/Subtype /Widget /FT /Tx /V (no appearance)", String::new(), "no appearance"),
        ("/Subtype /Widget /FT /Tx /V <FEFF041604380437043D044C>", String::new(), "Жизнь"),
        ("/Subtype /Widget /FT /Tx /V (two\\rlines)", String::new(), "two\nlines"),
        ("/Subtype /Widget /Parent 42 0 R", String::new(), "from the parent"),
        ("/Subtype /Widget /Parent 43 0 R", String::new(), "France\nOther"),
        ("/Subtype /Widget /FT /Ch /V (red) /AP << /N 41 0 R >>", shows("Red"), "Red"),
        ("/Subtype /Widget /FT /Btn /AS /Yes /AP << /N << /Yes 41 0 R /Off 10 0 R >> >>", shows("X"), "X"),
        ("/Subtype /Widget /FT /Btn /AS /Off /AP << /N << /Yes 41 0 R >> >>", shows("X"), ""),
        ("/Subtype /Widget /FT /Tx /Ff 8192 /V (secret)", String::new(), ""),
    ] {
        assert_eq!(text_with("", annotation, &appearance), text, "{annotation}");
    }
    let stale = "/Subtype /Widget /FT /Tx /V (new) /AP << /N 41 0 R >>";
    assert_eq!(text_with("/NeedAppearances true", stale, &shows("old")), "new");
}

#[test]
fn notes_are_read_and_descriptions_are_not() {
    for (annotation, appearance, text) in [
        ("/Subtype /FreeText /Contents (typed) /AP << /N 41 0 R >>", shows("typed"), "typed"),
        ("/Subtype /FreeText /Contents (typed)", String::new(), "typed"),
        ("/Subtype /Text /Contents (a note)", String::new(), "a note"),
        ("/Subtype /Highlight /Contents (a remark) /AP << /N 41 0 R >>", "0 0 9 9 re f".to_owned(), "a remark"),
        ("/Subtype /Stamp /Contents (said by a machine) /AP << /N 41 0 R >>", shows("APPROVED"), "APPROVED"),
        ("/Subtype /Link /Contents (leads somewhere)", String::new(), ""),
        ("/Subtype /Popup /Contents (again)", String::new(), ""),
    ] {
        assert_eq!(text_with("", annotation, &appearance), text, "{annotation}");
    }
}

#[test]
fn annotations_that_nobody_sees_are_not_read() {
    for entries in ["/F 2", "/F 32", "/Rect [700 100 800 200]", "/Rect [100 100 100 100]"] {
        let annotation = format!("/Subtype /FreeText /Contents (unseen) {entries}");
        assert_eq!(text_with("", &annotation, ""), "", "{entries}");
    }
}

#[test]
fn fields_that_contain_themselves_have_no_value() {
    assert_eq!(text_with("", "/Subtype /Widget /Parent 40 0 R", ""), "");
    let itself = "/Fm Do";
    assert_eq!(text_with("", "/Subtype /Widget /AP << /N 41 0 R >> /FT /Tx /V (x)", itself), "x");
}
