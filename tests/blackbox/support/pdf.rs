//! PDF files, written object by object.

/// A PDF as it grows. Object 1 is the catalogue, object 2 the tree of pages, object 3 the font `/F`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pdf {
    objects: Vec<(usize, Vec<u8>)>,
    trailer: String,
}

/// A font without any relation between its codes and characters.
pub(crate) const UNKNOWN_FONT: &str = "<< /Type /Font /Subtype /Type0 /BaseFont /ABC /Encoding /Identity-H \
                                       /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABC \
                                       /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
                                       >>] >>";

/// The object of the font that pages use.
const FONT: usize = 3;

/// The object of the first page.
const FIRST_PAGE: usize = 1_000_000;

/// The content of a page that shows one line.
pub(crate) fn line(text: &str) -> String {
    format!("BT /F 12 Tf 72 700 Td ({text}) Tj ET")
}

impl Pdf {
    /// A PDF with a page for each of these contents.
    pub(crate) fn of_pages(contents: &[&str]) -> Self {
        let mut pdf = Self::default().font("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        for (number, content) in contents.iter().enumerate() {
            pdf = pdf.stream(10 + number, "", content.as_bytes());
        }
        let pages: Vec<usize> = (0..contents.len()).map(|number| 10 + number).collect();
        pdf.pages(&pages, "")
    }

    /// A PDF with one page, whose content is this stream with these entries of its dictionary.
    pub(crate) fn of_stream(entries: &str, content: &[u8]) -> Self {
        Self::of_pages(&[]).stream(10, entries, content).pages(&[10], "")
    }

    /// Sets an object.
    pub(crate) fn object(mut self, number: usize, body: impl AsRef<[u8]>) -> Self {
        self.objects.retain(|(known, _)| *known != number);
        self.objects.push((number, body.as_ref().to_vec()));
        self
    }

    /// Sets a stream with these entries of its dictionary.
    pub(crate) fn stream(self, number: usize, entries: &str, content: &[u8]) -> Self {
        let head = format!("<< /Length {} {entries} >> stream\n", content.len());
        self.object(number, [head.as_bytes(), content, b"\nendstream"].concat())
    }

    /// Sets the font of the pages.
    pub(crate) fn font(self, dictionary: &str) -> Self {
        self.object(FONT, dictionary)
    }

    /// Adds entries to the trailer.
    pub(crate) fn trailer(mut self, entries: &str) -> Self {
        self.trailer.push_str(entries);
        self
    }

    /// Sets the pages: the object of the content of each, and more resources of all of them.
    pub(crate) fn pages(mut self, contents: &[usize], resources: &str) -> Self {
        let kids: Vec<String> = (0..contents.len()).map(|number| format!("{} 0 R", FIRST_PAGE + number)).collect();
        self = self.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
        self = self.object(2, format!("<< /Type /Pages /Count {} /Kids [{}] >>", kids.len(), kids.join(" ")));
        for (number, content) in contents.iter().enumerate() {
            let resources = format!("/Resources << /Font << /F {FONT} 0 R >> {resources} >>");
            let page =
                format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {content} 0 R {resources} >>");
            self.objects.push((FIRST_PAGE + number, page.into_bytes()));
        }
        self
    }

    /// Sets entries of the only page, in place of its size.
    pub(crate) fn page(self, entries: &str) -> Self {
        let resources = format!("/Resources << /Font << /F {FONT} 0 R >> >>");
        self.object(FIRST_PAGE, format!("<< /Type /Page /Parent 2 0 R /Contents 10 0 R {resources} {entries} >>"))
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut places = Vec::new();
        for (number, body) in &self.objects {
            places.push((*number, file.len()));
            file.extend(format!("{number} 0 obj\n").bytes());
            file.extend(body);
            file.extend(b"\nendobj\n");
        }
        let start = file.len();
        file.extend(b"xref\n0 1\n0000000000 65535 f \n");
        for (number, place) in &places {
            file.extend(format!("{number} 1\n{place:010} 00000 n \n").bytes());
        }
        let size = places.iter().map(|(number, _)| number + 1).max().unwrap_or(1);
        let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R {} >>\n", self.trailer);
        file.extend(format!("{trailer}startxref\n{start}\n%%EOF\n").bytes());
        file
    }
}
